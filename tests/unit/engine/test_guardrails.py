"""Limits over real remediations: the world stays as it is until they let go."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.guardrails import GuardrailRule, Mode
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.records import Hold, Remediation
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.windows import read_window
from reconciler.engine import decisions, holding, requesting
from tests.fake_world import Fate, World
from tests.unit.engine.house import AUTO, MANUAL, SHOP, A, B, House, open_house

NAMES = tuple(StackName(f"stack-{number}") for number in range(5))


@pytest.fixture
async def fleet(tmp_path: Path) -> AsyncIterator[House]:
    """Give five stacks, and a policy that corrects them."""
    worlds = {name: World.in_sync(a={"size": 1}) for name in NAMES}
    async with open_house(tmp_path, worlds) as house:
        await house.put(AUTO)
        yield house


async def drift(house: House, *names: StackName) -> None:
    """Let a resource of each stack drift, be found, and be found again."""
    for name in names:
        house.worlds[name].live[A] = {"size": 9}
    for seconds in (1, 31):
        house.clock.move(seconds=seconds)
        for name in names:
            await house.scan(name, microseconds=1)


async def held(house: House) -> dict[StackName, tuple[str | None, datetime | None]]:
    waiting = await house.remediations(RemediationState.HELD)
    return {one.stack: (one.guard, one.hold_until) for one in waiting}


def drifted(house: House) -> set[StackName]:
    return {name for name, world in house.worlds.items() if world.live[A] == {"size": 9}}


async def test_what_waits_for_a_window_goes_on_when_it_opens(house: House) -> None:
    await house.put(AUTO)
    house.limit(windows=(read_window("12:00-13:00 UTC"),))  # now is 10:00 UTC
    await drift(house, SHOP)
    opens = house.clock.now().replace(hour=12, minute=0, second=0, microsecond=0)
    assert await held(house) == {SHOP: ("window", opens)}
    await house.later(hours=1)
    assert drifted(house) == {SHOP}
    house.clock.at = opens
    await house.later(seconds=1)
    assert drifted(house) == set()


async def test_a_freeze_holds_what_somebody_approved_and_lets_go_by_itself(house: House) -> None:
    await house.put(MANUAL)
    await drift(house, SHOP)
    waiting = await house.the_open()
    house.limit(freezes=(read_window("2026-05-01/2026-05-02 UTC"),))
    digest = waiting.plan_digest or ""
    await decisions.approve(house.service, waiting.id, plan_digest=digest, actor="ann")
    await house.settle()
    assert await held(house) == {SHOP: ("window", datetime(2026, 5, 3, tzinfo=UTC))}
    await house.later(days=2)
    assert drifted(house) == set()


async def test_an_observed_policy_corrects_nothing_until_the_mode_is_another(house: House) -> None:
    await house.put(AUTO)
    house.service.guardrails = (GuardrailRule(policy="au*", limits={"mode": Mode.OBSERVE}),)
    await drift(house, SHOP)
    only = await house.the_open()
    assert (only.state, only.guard) == (RemediationState.DECIDED, "mode")
    await house.later(days=1)
    assert drifted(house) == {SHOP}
    house.service.guardrails = ()
    await house.later(minutes=2)
    assert drifted(house) == set()


async def test_the_budget_of_a_day_is_spent_and_filled_again_at_midnight(house: House) -> None:
    await house.put(AUTO)
    house.limit(stack_per_day=1)
    await drift(house, SHOP)
    assert drifted(house) == set()
    await drift(house, SHOP)
    midnight = datetime(2026, 5, 2, tzinfo=UTC)
    assert await held(house) == {SHOP: ("budget", midnight)}
    await house.later(hours=2)
    assert drifted(house) == {SHOP}
    house.clock.at = midnight
    await house.later(seconds=1)
    assert drifted(house) == set()


async def test_a_policy_corrects_one_stack_and_the_next_when_that_has_baked(fleet: House) -> None:
    fleet.limit(fleet_percent=100)
    await drift(fleet, *NAMES)
    assert len(drifted(fleet)) == 4
    assert {guard for guard, _ in (await held(fleet)).values()} == {"ramp"}
    await fleet.later(minutes=5)
    assert len(drifted(fleet)) == 4
    await fleet.later(minutes=6)
    assert len(drifted(fleet)) == 2
    await fleet.later(minutes=11)
    assert drifted(fleet) == set()


async def test_when_most_stacks_drift_at_once_none_is_corrected_for_an_hour(fleet: House) -> None:
    await drift(fleet, *NAMES)
    # The first two were confirmed before the third was seen.
    assert "fleet_share" in {guard for guard, _ in (await held(fleet)).values()}
    corrected = len(NAMES) - len(drifted(fleet))
    await fleet.later(minutes=30)
    assert len(NAMES) - len(drifted(fleet)) == corrected
    for _ in range(6):
        await fleet.later(minutes=31)
    assert drifted(fleet) == set()


async def test_three_failures_set_the_breaker_of_all_stacks_until_somebody_resumes(
    fleet: House,
) -> None:
    fleet.limit(fleet_percent=100, bake=timedelta(), attempts=9)
    fleet.runner.fates.extend([Fate.FAILS] * 3)
    await drift(fleet, *NAMES)
    (hold,) = await fleet.read(lambda view: view.holds.all())
    assert (hold.by, hold.unasked) == ("trueup", True)
    assert hold.reason == "breaker: 3 corrections failed within 10 minutes"
    assert "hold.set" in await fleet.events()
    await fleet.later(minutes=20)
    before = drifted(fleet)
    assert before
    await fleet.later(days=1)
    assert drifted(fleet) == before
    assert {guard for guard, _ in (await held(fleet)).values()} == {"breaker"}
    await holding.resume(fleet.service, by="ann")
    await fleet.settle()
    await fleet.later(minutes=1)
    assert drifted(fleet) == set()


async def test_under_the_breaker_somebody_may_still_approve(fleet: House) -> None:
    await fleet.put(replace(AUTO, action_type=ActionType.MANUAL_REVIEW))
    fleet.limit(fleet_percent=100)
    await fleet.service.store.transact(
        lambda tx: holding.set_hold(
            tx,
            Hold("trueup", "breaker", fleet.clock.now(), unasked=True),
            at=fleet.clock.now(),
        )
    )
    await drift(fleet, NAMES[0])
    waiting = await fleet.the_open()
    digest = waiting.plan_digest or ""
    await decisions.approve(fleet.service, waiting.id, plan_digest=digest, actor="ann")
    await fleet.settle()
    assert drifted(fleet) == set()


async def test_a_stack_whose_corrections_fail_pauses_and_gets_one_trial(house: House) -> None:
    await house.put(AUTO)
    house.limit(failures=2, exception=timedelta())
    house.runner.fates.extend([Fate.FAILS, Fate.FAILS])
    await drift(house, SHOP)
    await house.later(minutes=1)
    assert len(await house.runs()) == 2
    await house.later(minutes=2)
    ((guard, until),) = (await held(house)).values()
    assert guard == "breaker"
    assert until is not None
    house.clock.at = until
    await house.later(seconds=1)
    assert drifted(house) == set()


@pytest.mark.parametrize("address", [None, A])
async def test_a_hold_of_a_stack_or_resource_holds_that_and_nothing_else(
    fleet: House, address: ResourceAddress | None
) -> None:
    fleet.limit(bake=timedelta(), fleet_percent=100)
    first, second = NAMES[:2]
    await holding.hold(fleet.service, by="ann", reason="incident", stack=first, address=address)
    await drift(fleet, first, second)
    assert drifted(fleet) == {first}
    assert await held(fleet) == {first: ("kill_switch", None)}
    await holding.resume(fleet.service, by="ann", stack=second, address=address)
    await fleet.settle()
    assert drifted(fleet) == {first}
    await holding.resume(fleet.service, by="ann", stack=first, address=address)
    await fleet.settle()
    assert drifted(fleet) == set()


async def test_a_hold_of_another_resource_holds_nothing(house: House) -> None:
    await house.put(AUTO)
    await holding.hold(house.service, by="ann", stack=SHOP, address=B)
    await drift(house, SHOP)
    assert drifted(house) == set()


async def test_a_hold_is_of_a_stack_there_is(house: House) -> None:
    with pytest.raises(NotFoundError, match="there is no stack nowhere"):
        await holding.hold(house.service, by="ann", stack=StackName("nowhere"))
    with pytest.raises(InvalidError, match="names its stack"):
        await holding.hold(house.service, by="ann", address=A)


async def test_two_persons_approve_and_neither_twice(house: House) -> None:
    await house.put(MANUAL)
    house.limit(approvals=2)
    await drift(house, SHOP)

    async def approve(actor: str) -> Remediation:
        waiting = await house.the_open()
        digest = waiting.plan_digest or ""
        await decisions.approve(house.service, waiting.id, plan_digest=digest, actor=actor)
        await house.settle()
        return await house.remediation(waiting.id)

    for _ in range(2):
        known = await approve("ann")
        assert (known.state, known.guard) == (RemediationState.AWAITING_APPROVAL, "approvers")
        assert known.note == "this plan needs 2 approvals (1 of 2 approvals)"
    assert drifted(house) == {SHOP}
    assert (await approve("bob")).state is RemediationState.CONVERGED
    assert drifted(house) == set()


async def test_who_asked_for_a_correction_may_not_approve_it_where_a_limit_says_so(
    house: House,
) -> None:
    house.limit(own_approval=False)
    await drift(house, SHOP)
    (finding,) = await house.findings()
    await requesting.request(house.service, finding.report_id, actor="bob")
    await house.settle()
    waiting = await house.the_open()
    digest = waiting.plan_digest or ""
    with pytest.raises(ConflictError, match="bob asked for it") as refused:
        await decisions.approve(house.service, waiting.id, plan_digest=digest, actor="bob")
    assert refused.value.code == "own-request"
    await decisions.approve(house.service, waiting.id, plan_digest=digest, actor="ann")
    await house.settle()
    assert drifted(house) == set()


async def test_one_correction_that_fails_again_and_again_does_not_stop_the_fleet(
    fleet: House,
) -> None:
    fleet.limit(fleet_percent=100, bake=timedelta())
    fleet.runner.fates.extend([Fate.FAILS] * 3)
    await drift(fleet, NAMES[0])
    await fleet.later(seconds=31)
    await fleet.later(seconds=91)
    (failed,) = await fleet.remediations()
    assert (failed.state, failed.attempts) == (RemediationState.NEEDS_HUMAN, 3)
    assert await fleet.read(lambda view: view.holds.all()) == ()
    await drift(fleet, NAMES[1])
    assert drifted(fleet) == {NAMES[0]}
