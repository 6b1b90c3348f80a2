"""Every row of the transition table is walked by the real engine, store and dispatcher.

Rows that nothing can reach yet are listed by name, with the reason.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.policy import ActionType
from reconciler.domain.records import Approval, FindingId, Remediation
from reconciler.domain.remediation_states import BEFORE_EFFECT, Event, RemediationState, transitions
from reconciler.engine.admission.answers import Hold, NeedsApproval
from reconciler.engine.admission.guard import Guard
from reconciler.engine.decisions import approve, cancel, reject, retry, suppress
from reconciler.engine.due import advance_soon, request_scan
from reconciler.engine.holding import hold
from reconciler.engine.splitting import split
from reconciler.engine.stacks import accept_state
from reconciler.engine.suppression import ignore
from reconciler.engine.sweep import sweep
from reconciler.stores import Transaction
from tests.fake_world import Fate
from tests.unit.engine.house import MANUAL, SHOP, A, B, House

P, E = RemediationState, Event
Row = tuple[RemediationState, Event]
Deed = Callable[[House, Remediation], Awaitable[object]]
APPROVED: Final = "approved"


@dataclass(frozen=True)
class Way:
    """How to walk a row: what else is true of the remediation, and what happens then."""

    deed: Deed
    start: RemediationState | None = None
    fields: dict[str, Any] = field(default_factory=dict)


async def steps(house: House, one: Remediation) -> None:
    await house.service.store.transact(lambda tx: advance_soon(tx, [one.id]))


async def sees(house: House, one: Remediation) -> None:
    del one
    house.clock.move(seconds=1)
    await request_scan(house.service, SHOP)


def world(deed: Deed = steps, **changes: object) -> Deed:
    """Do `deed` in a world that is changed before."""

    async def changed(house: House, one: Remediation) -> object:
        for name, value in changes.items():
            if name == "size":
                house.world.live[A] = {"size": value}  # type: ignore[dict-item]
            elif name == "fate":
                house.runner.fates.append(value)  # type: ignore[arg-type]
            else:
                setattr(house.world, name, value)
        return await deed(house, one)

    return changed


async def without_policy(house: House, one: Remediation) -> None:
    await house.service.store.transact(lambda tx: tx.policies.remove(MANUAL.policy_id))
    await steps(house, one)


async def is_another_stack(house: House, one: Remediation) -> None:
    await accept_state(house.service, one.stack, actor="ann")


async def held(house: House, one: Remediation) -> None:
    await hold(house.service, by="ann", reason="wait")
    await steps(house, one)


async def a_day_later(house: House, one: Remediation) -> None:
    del one
    house.clock.move(hours=25)
    await sweep(house.service)


def says(deed: Callable[..., Awaitable[object]], **more: object) -> Deed:
    return lambda house, one: deed(house.service, one.id, actor="ann", **more)


def approves(house: House, one: Remediation) -> Awaitable[object]:
    return approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="ann")


async def approves_too(house: House, one: Remediation) -> None:
    """Approve it as another person, where two are needed and one has approved."""
    house.limit(approvals=2)
    await approve(house.service, one.id, plan_digest=one.plan_digest or "", actor="bob")


async def of_two(house: House, one: Remediation, **more: object) -> FindingId:
    """Let it be about two resources; return the finding of the second."""
    (finding,) = await house.findings()
    other = replace(finding, id=FindingId("other"), address=B)
    both = replace(
        one,
        finding_ids=(finding.id, other.id),
        addresses=(A, B),
        fingerprints=(finding.fingerprint, other.fingerprint),
    )
    both = replace(both, **more)  # type: ignore[arg-type]

    def prepare(tx: Transaction) -> None:
        tx.findings.put_many([other])
        tx.remediations.save(both)

    await house.service.store.transact(prepare)
    return other.id


async def splits(house: House, one: Remediation) -> None:
    """Divide it, after it became one of two resources."""
    await of_two(house, one)
    await split(house.service, one.id, addresses={A}, actor="ann")


async def ignored_in_part(house: House, one: Remediation) -> None:
    """Ignore one of its two resources."""
    other = await of_two(house, one)
    await ignore(house.service, other, reason="fine", actor="ann")


async def asks_before_a_plan(house: House, one: Remediation) -> None:
    asks = Guard("asks", lambda _: NeedsApproval("look first", before_plan=True))
    house.service = replace(house.service, guards=(asks,))
    await steps(house, one)


async def waits_in_part(house: House, one: Remediation) -> None:
    """Let a guard hold one of its two resources, and no plan be made of it."""
    house.adapter.refuses = {B: PermanentError("not B", about=(B,))}
    await of_two(house, one, action_type=ActionType.AUTO_CORRECT, policy_id=MANUAL.policy_id)
    held = Guard("held", lambda _: Hold("not B", about=frozenset({B})))
    house.service = replace(house.service, guards=(held,))
    await steps(house, one)


WAYS: dict[Row, Way] = {
    (P.DETECTED, E.SEEN_AGAIN): Way(steps),
    (P.DETECTED, E.SPLIT): Way(waits_in_part),
    (P.CONFIRMED, E.SPLIT): Way(ignored_in_part),
    (P.DECIDED, E.SPLIT): Way(ignored_in_part),
    (P.QUEUED, E.SPLIT): Way(waits_in_part),
    (P.HELD, E.SPLIT): Way(waits_in_part),
    (P.PLANNING, E.SPLIT): Way(waits_in_part),
    (P.CONFIRMED, E.POLICY_EVALUATED): Way(steps),
    (P.DECIDED, E.ADMITTED): Way(steps),
    (P.DECIDED, E.IGNORED): Way(without_policy),
    (P.DECIDED, E.APPROVAL_NEEDED): Way(asks_before_a_plan, fields={"policy_id": None}),
    (P.AWAITING_APPROVAL, E.APPROVED): Way(approves),
    (P.AWAITING_APPROVAL, E.VOIDED): Way(is_another_stack),
    (P.AWAITING_APPROVAL, E.REJECTED): Way(says(reject, reason="no")),
    (P.AWAITING_APPROVAL, E.SPLIT): Way(splits),
    (P.AWAITING_APPROVAL, E.TIME_RAN_OUT): Way(a_day_later),
    (P.AWAITING_APPROVAL, E.IGNORED): Way(says(suppress, reason="fine")),
    (P.QUEUED, E.APPROVED): Way(approves_too, fields={APPROVED: True}),
    (P.PLANNING, E.APPROVED): Way(approves_too, fields={APPROVED: True}),
    (P.QUEUED, E.PLAN_STARTED): Way(steps),
    (P.QUEUED, E.GUARD_CLOSED): Way(held),
    (P.PLANNING, E.PLAN_EMPTY): Way(world(size=1)),
    (P.PLANNING, E.PLAN_FAILED): Way(world(refuses_plan=RetryableError("locked"))),
    (P.PLANNING, E.GIVEN_UP): Way(world(refuses_plan=PermanentError("bad"))),
    (P.PLANNING, E.APPROVAL_NEEDED): Way(steps),
    (P.PLANNING, E.GUARD_CLOSED): Way(held, fields={APPROVED: True}),
    (P.PLANNING, E.APPLY_STARTED): Way(steps, fields={APPROVED: True}),
    (P.APPLYING, E.APPLY_ENDED): Way(steps, P.PLANNING, {APPROVED: True}),
    (P.APPLYING, E.APPLY_FAILED_CLEANLY): Way(world(fate=Fate.FAILS), P.PLANNING, {APPROVED: True}),
    (P.APPLYING, E.APPLY_IN_DOUBT): Way(world(fate=Fate.DIES_BEFORE), P.PLANNING, {APPROVED: True}),
    (P.APPLYING, E.GIVEN_UP): Way(
        world(fate=Fate.FAILS), P.PLANNING, {APPROVED: True, "attempts": 2}
    ),
    (P.VERIFYING, E.VERIFIED): Way(world(size=1)),
    (P.VERIFYING, E.STILL_DRIFTED): Way(steps, fields={"attempts": 1}),
    (P.VERIFYING, E.GIVEN_UP): Way(steps, fields={"attempts": 3}),
    (P.HELD, E.GUARDS_OPEN): Way(steps),
    (P.UNKNOWN, E.VERIFIED): Way(world(size=1)),
    (P.UNKNOWN, E.GIVEN_UP): Way(steps),
    (P.NEEDS_HUMAN, E.RETRIED): Way(says(retry, reason="again")),
    (P.NEEDS_HUMAN, E.IGNORED): Way(says(suppress, reason="fine")),
    (P.NEEDS_HUMAN, E.ABANDONED): Way(says(cancel)),
    (P.NEEDS_HUMAN, E.DRIFT_GONE): Way(world(sees, size=1)),
}
for _state in BEFORE_EFFECT:
    WAYS[_state, E.DRIFT_CHANGED] = Way(world(sees, size=8))
    WAYS[_state, E.DRIFT_GONE] = Way(world(sees, size=1))
    WAYS[_state, E.CANCELLED] = Way(says(cancel))

KEPT_FOR_LATER = {
    # Nothing is applied again after a doubt before there are guardrails for it.
    (P.UNKNOWN, E.STILL_DRIFTED),
    (P.UNKNOWN, E.DRIFT_CHANGED),
    # Guards are asked where an effect comes near; who waits for a person waits anyway.
    *((state, E.GUARD_CLOSED) for state in BEFORE_EFFECT - {P.QUEUED, P.PLANNING}),
    # Only a plan can show that nobody but a person can help.
    *((state, E.GIVEN_UP) for state in BEFORE_EFFECT - {P.PLANNING}),
}


def test_every_row_is_walked_or_kept_for_later() -> None:
    assert set(WAYS) | KEPT_FOR_LATER == set(transitions())
    assert not set(WAYS) & KEPT_FOR_LATER


@pytest.mark.parametrize("row", sorted(WAYS), ids="-".join)
async def test_the_engine_walks_the_row(house: House, row: Row) -> None:
    way = WAYS[row]
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    one = await house.the_open()
    fields = dict(way.fields)
    if fields.pop(APPROVED, False):
        yes = Approval("ann", one.plan_digest or "", house.clock.now())
        fields["approvals"] = (yes,)
    start = replace(one, state=way.start or row[0], next_at=None, **fields)
    forced = await house.service.store.transact(lambda tx: tx.remediations.save(start))
    async with house.dispatching() as dispatcher, asyncio.timeout(30):
        await way.deed(house, forced)
        while dispatcher.busy:  # noqa: ASYNC110 - it ends by itself
            await asyncio.sleep(0)
    page = await house.read(lambda view: view.audit.page(subject=one.id, limit=500))
    walked = {
        (entry.details["from"], entry.details["event"]): entry.action
        for entry in page.items
        if "event" in entry.details
    }
    assert walked[row[0].value, row[1].value] == f"remediation.{transitions()[row]}"
