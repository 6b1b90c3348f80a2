from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import (
    Approval,
    Correction,
    Evaluation,
    FindingId,
    RemediationId,
    RunId,
)
from reconciler.domain.remediation_states import (
    FOR_PERSON,
    IN_EFFECT,
    OPEN,
    TERMINAL,
    RemediationState,
)
from reconciler.stores import Store, Transaction
from tests.contract.store.records import HOUR, NOW, WEBSHOP, a_remediation
from tests.contract.store.writing import each

OTHER = StackName("other")


async def test_a_remediation_comes_back_as_it_was_added(store: Store) -> None:
    whole = a_remediation(
        "m1",
        *("f1", "f2"),
        plan={"summary": "1 to update", "resources": [{"address": "a"}], "digest": "d"},
        plan_digest="d",
        approvals=(Approval("ada", "d", NOW), Approval("ben", "d", NOW + HOUR)),
        hold_reason="hold",
        hold_until=NOW + HOUR,
        next_at=NOW,
        expires_at=NOW + HOUR,
        note="waits",
        attempts=2,
        guard="policy",
        evaluations={
            "policy": Evaluation("7:ab", {"wanted": True, "policies": {"p": 3}}, until=NOW),
            "script": Evaluation("7:ab", failed="exit code 1"),
        },
        policy_id="p",
        run_id="run1",
    )
    await store.transact(lambda t: t.remediations.add(whole))
    assert await store.read(lambda t: t.remediations.get(whole.id)) == whole


async def test_saving_raises_the_version(store: Store) -> None:
    first = a_remediation()
    await store.transact(lambda t: t.remediations.add(first))
    moved = replace(first, state=RemediationState.CONFIRMED, note="still there")
    saved = await store.transact(lambda t: t.remediations.save(moved))
    assert saved == replace(moved, version=2)
    assert await store.read(lambda t: t.remediations.get(first.id)) == saved


async def test_of_two_who_saw_the_same_version_one_moves_it(store: Store) -> None:
    first = a_remediation()
    await store.transact(lambda t: t.remediations.add(first))
    moves = [replace(first, note=str(number)) for number in range(5)]
    saving = (each(store, lambda t, move: t.remediations.save(move), [move]) for move in moves)
    done = await asyncio.gather(*saving, return_exceptions=True)
    saved = [one for some in done if isinstance(some, list) for one in some]
    lost = [one for one in done if isinstance(one, ConflictError)]
    assert (len(saved), len(lost)) == (1, 4)
    assert {one.code for one in lost} == {"moved-on"}
    assert await store.read(lambda t: t.remediations.get(first.id)) == saved[0]


async def test_what_is_not_there_cannot_be_saved(store: Store) -> None:
    with pytest.raises(NotFoundError):
        await store.transact(lambda t: t.remediations.save(a_remediation()))


async def test_an_id_is_used_once(store: Store) -> None:
    await store.transact(lambda t: t.remediations.add(a_remediation()))
    with pytest.raises(ConflictError) as refused:
        await store.transact(lambda t: t.remediations.add(a_remediation()))
    assert refused.value.code == "exists"


@pytest.mark.parametrize("first", sorted(IN_EFFECT))
@pytest.mark.parametrize("second", sorted(IN_EFFECT))
async def test_one_of_a_stack_is_in_effect(
    store: Store, first: RemediationState, second: RemediationState
) -> None:
    waiting = a_remediation("m2", state=RemediationState.PLANNING)
    await store.transact(lambda t: t.remediations.add(a_remediation("m1", state=first)))
    await store.transact(lambda t: t.remediations.add(waiting))
    started = replace(waiting, state=second)
    with pytest.raises(ConflictError) as refused:
        await store.transact(lambda t: t.remediations.save(started))
    assert refused.value.code == "stack-busy"
    assert await store.read(lambda t: t.remediations.get(waiting.id)) == waiting
    elsewhere = a_remediation("m3", state=second, stack=OTHER)
    await store.transact(lambda t: t.remediations.add(elsewhere))


async def test_one_that_is_in_effect_may_move_on(store: Store) -> None:
    one = a_remediation(state=RemediationState.APPLYING)
    await store.transact(lambda t: t.remediations.add(one))
    for state in (
        RemediationState.VERIFYING,
        RemediationState.VERIFYING,
        RemediationState.CONVERGED,
    ):
        moved = replace(one, state=state)
        (one,) = await each(store, lambda t, moved: t.remediations.save(moved), [moved])
    assert one.version == 4
    await store.transact(
        lambda t: t.remediations.add(a_remediation("m2", state=RemediationState.APPLYING))
    )


async def test_a_finding_is_in_one_open_remediation(store: Store) -> None:
    first = a_remediation("m1", "f1", "f2")
    await store.transact(lambda t: t.remediations.add(first))
    with pytest.raises(ConflictError) as refused:
        await store.transact(lambda t: t.remediations.add(a_remediation("m2", "f2", "f3")))
    assert refused.value.code == "finding-taken"
    ended = replace(first, state=RemediationState.SUPERSEDED)
    saved = await store.transact(lambda t: t.remediations.save(ended))
    second = a_remediation("m2", "f2", "f3")
    await store.transact(lambda t: t.remediations.add(second))
    assert await store.read(lambda t: t.remediations.open_with(FindingId("f2"))) == second
    assert await store.read(lambda t: t.remediations.open_with(FindingId("f1"))) is None
    reopened = replace(saved, state=RemediationState.QUEUED)
    with pytest.raises(ConflictError) as refused:
        await store.transact(lambda t: t.remediations.save(reopened))
    assert refused.value.code == "finding-taken"


async def test_its_findings_may_change(store: Store) -> None:
    one = a_remediation("m1", "f1", "f2")
    await store.transact(lambda t: t.remediations.add(one))
    fewer = replace(one, finding_ids=(FindingId("f2"), FindingId("f9")))
    await store.transact(lambda t: t.remediations.save(fewer))
    assert await store.read(lambda t: t.remediations.open_with(FindingId("f1"))) is None
    found = await store.read(lambda t: t.remediations.open_with(FindingId("f9")))
    assert found == replace(fewer, version=2)


async def test_what_is_open_is_found_by_stack_and_by_state(store: Store) -> None:
    # Not those of which one stack may have only one.
    states = sorted(set(RemediationState) - IN_EFFECT)
    added = [
        a_remediation(state.value, state=state, created_at=NOW + HOUR * number)
        for number, state in enumerate(states)
    ]

    await each(
        store,
        lambda t, one: t.remediations.add(one),
        (*added, a_remediation("elsewhere", stack=OTHER)),
    )
    found = await store.read(lambda t: t.remediations.open_of(WEBSHOP))
    assert found == tuple(one for one in added if one.state in OPEN)
    wanted = {RemediationState.QUEUED, RemediationState.FAILED}
    in_states = await store.read(lambda t: t.remediations.in_states(wanted))
    assert {one.state for one in in_states} == wanted
    assert await store.read(lambda t: t.remediations.in_states(())) == ()


async def test_due_are_open_ones_whose_time_has_come(store: Store) -> None:
    added = [
        a_remediation("at-once"),
        a_remediation("now", next_at=NOW, created_at=NOW + HOUR),
        a_remediation("later", next_at=NOW + HOUR),
        a_remediation(
            "moved-by-a-clock-ahead",
            created_at=NOW + 2 * HOUR,
            updated_at=NOW + 2 * HOUR,
            next_at=NOW + 3 * HOUR,
        ),
        *(a_remediation(state.value, state=state) for state in sorted({*TERMINAL, *FOR_PERSON})),
    ]
    await each(store, lambda t, one: t.remediations.add(one), added)
    due = await store.read(lambda t: t.remediations.due(NOW))
    assert due == ("at-once", "now", "moved-by-a-clock-ahead")


async def test_expired_are_those_nobody_approved_in_time(store: Store) -> None:
    waiting = RemediationState.AWAITING_APPROVAL
    added = [
        a_remediation("over", state=waiting, expires_at=NOW),
        a_remediation("time-left", state=waiting, expires_at=NOW + HOUR),
        a_remediation("no-limit", state=waiting),
        a_remediation("approved", state=RemediationState.QUEUED, expires_at=NOW),
    ]
    await each(store, lambda t, one: t.remediations.add(one), added)
    found = await store.read(lambda t: t.remediations.expired(NOW))
    assert [one.id for one in found] == ["over"]


async def test_a_list_is_newest_first_and_filtered(store: Store) -> None:
    added = [
        a_remediation(
            f"m{number}",
            stack=OTHER if number % 2 else WEBSHOP,
            state=RemediationState.CONVERGED if number < 4 else RemediationState.HELD,
            created_at=NOW + HOUR * number,
        )
        for number in range(8)
    ]
    await each(store, lambda t, one: t.remediations.add(one), added)
    seen = await store.read(_walked)
    assert seen == [f"m{number}" for number in range(7, -1, -1)]
    page = await store.read(lambda t: t.remediations.page(stack="other", open_only=True))
    assert [one.id for one in page.items] == ["m7", "m5"]
    page = await store.read(lambda t: t.remediations.page(state=RemediationState.CONVERGED))
    assert [one.id for one in page.items] == ["m3", "m2", "m1", "m0"]
    with pytest.raises(InvalidError):
        await store.read(lambda t: t.remediations.page(cursor="bm8"))


def _walked(transaction: Transaction) -> list[RemediationId]:
    seen: list[RemediationId] = []
    cursor = None
    while True:
        page = transaction.remediations.page(cursor=cursor, limit=3)
        seen += [one.id for one in page.items]
        cursor = page.next
        if cursor is None:
            return seen


async def test_corrections_are_what_was_applied_and_converged_since(store: Store) -> None:
    applied = {"state": RemediationState.CONVERGED, "run_id": RunId("run")}
    added = [
        a_remediation("before", "f1", **applied, created_at=NOW - 2 * HOUR, updated_at=NOW - HOUR),
        a_remediation("waited", "f1", **applied, created_at=NOW - HOUR, updated_at=NOW + 2 * HOUR),
        a_remediation("second", "f1", **applied, created_at=NOW + HOUR, updated_at=NOW + HOUR),
        a_remediation("first", "f1", "f2", **applied),
        a_remediation("by-itself", "f1", state=RemediationState.CONVERGED),
        a_remediation("failed", "f1", state=RemediationState.FAILED, run_id=RunId("run")),
        a_remediation("of-another", "f3", **applied, stack=OTHER),
    ]
    await each(store, lambda t, one: t.remediations.add(one), added)
    corrected = await store.read(lambda t: t.remediations.corrected(WEBSHOP, since=NOW))
    a, b = ResourceAddress("aws_sqs_queue.f1"), ResourceAddress("aws_sqs_queue.f2")
    assert corrected == (
        Correction(RemediationId("first"), (a, b), NOW),
        Correction(RemediationId("second"), (a,), NOW + HOUR),
        Correction(RemediationId("waited"), (a,), NOW + 2 * HOUR),
    )
