"""Whatever is tried: one of a stack in effect, and each finding in one open remediation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.domain.errors import ConflictError
from reconciler.domain.model import StackName
from reconciler.domain.records import FindingId, Remediation, RemediationId
from reconciler.domain.remediation_states import IN_EFFECT, OPEN, RemediationState
from reconciler.stores import Transaction
from tests.contract.store.records import a_remediation
from tests.empty_database import open_empty_store

_IDS = ("m1", "m2", "m3", "m4")
_STATES = (*IN_EFFECT, RemediationState.QUEUED, RemediationState.CONVERGED)
_TRY = st.tuples(
    st.sampled_from(_IDS),
    st.sampled_from(_STATES),
    st.lists(st.sampled_from(["f1", "f2", "f3"]), max_size=2, unique=True),
    st.sampled_from(["s1", "s2"]),
)
Try = tuple[str, RemediationState, list[str], str]


@settings(max_examples=40)
@given(st.lists(_TRY, max_size=12))
async def test_the_walls_hold_and_nothing_else_is_refused(
    tmp_path_factory: pytest.TempPathFactory, tries: list[Try]
) -> None:
    folder: Path = tmp_path_factory.mktemp("laws")
    store = await open_empty_store(folder / "trueup.db")
    try:
        await store.transact(lambda t: _all(t, tries))
    finally:
        await store.close()


def _all(transaction: Transaction, tries: list[Try]) -> None:
    for one in tries:
        kept = _kept(transaction)
        wanted = _wanted(kept, one)
        expected = {**kept, wanted.id: wanted}
        if _lawful(expected.values()):
            _write(transaction, wanted, known=wanted.id in kept)
        else:
            with pytest.raises(ConflictError):
                _write(transaction, wanted, known=wanted.id in kept)
        found = _kept(transaction)
        assert _lawful(found.values())
        if _lawful(expected.values()):
            assert replace(found[wanted.id], version=wanted.version) == wanted


def _wanted(kept: dict[RemediationId, Remediation], one: Try) -> Remediation:
    identity, state, findings, stack = one
    fresh = a_remediation(identity, *findings, state=state, stack=StackName(stack))
    known = kept.get(fresh.id)
    return fresh if known is None else replace(fresh, version=known.version, stack=known.stack)


def _write(transaction: Transaction, wanted: Remediation, *, known: bool) -> None:
    if known:
        transaction.remediations.save(wanted)
    else:
        transaction.remediations.add(wanted)


def _kept(transaction: Transaction) -> dict[RemediationId, Remediation]:
    return {remediation.id: remediation for remediation in transaction.remediations.page().items}


def _lawful(remediations: Collection[Remediation]) -> bool:
    busy = Counter(one.stack for one in remediations if one.state in IN_EFFECT)
    taken: Counter[FindingId] = Counter()
    for remediation in remediations:
        taken.update(remediation.finding_ids if remediation.state in OPEN else ())
    return max(busy.values(), default=0) <= 1 and max(taken.values(), default=0) <= 1
