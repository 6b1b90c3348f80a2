"""Decisions by keyboard, seen in the world they change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.domain.model import ResourceAddress
from reconciler.domain.principals import Role
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine import suppression
from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.unit.engine.house import MANUAL, QUARANTINE, A, B
from tui import intents
from tui.intents import Done
from tui.session import Options, Session


async def drifted(served: Served, *addresses: str) -> None:
    house = served.desk.house
    await house.put(MANUAL)
    await house.scan()
    for address in addresses or (A,):
        house.world.live[address] = {"size": 99}  # type: ignore[index]
    await house.scan()


async def held(seat: Seat) -> None:
    await seat.press("H")
    await seat.until("hold all corrections: why?")
    await seat.press(*"incident", "enter")


async def test_a_plan_is_approved_by_keyboard_and_followed_to_converged(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("enter")
        await seat.until("declared = recorded")
        await seat.press("A")
        await seat.until("approve exactly this")
        await seat.armed()
        await seat.press("y")
        await seat.until("awaiting approval > queued")
        served.desk.house.clock.move(seconds=1)
        await served.desk.house.settle()
        await seat.until("verified: no drift")
    assert served.desk.house.world.live[A] == {"size": 1}


async def test_two_keys_typed_at_once_approve_nothing(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.pilot.press("A", "y")
        await seat.until("approve exactly this")
        await seat.armed()
        assert "approve exactly this" in seat.screen
        await seat.press("escape")
    assert [each.state for each in await served.desk.house.remediations()] == ["awaiting_approval"]
    assert served.desk.house.world.live[A] == {"size": 99}


async def test_a_y_among_other_keys_approves_nothing(served: Served) -> None:
    """A paste that the terminal breaks up comes as keys."""
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("approve exactly this")
        await seat.armed()
        for burst in ("xy", "yx"):
            for key in burst:
                seat.app.simulate_key(key)
            await seat.armed()
        assert "approve exactly this" in seat.screen
        await seat.pilot.press("y")
        await seat.until("awaiting approval > queued")


async def test_production_asks_for_a_name_before_a_hold_is_released(served: Served) -> None:
    await drifted(served)
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("needs approval")
        await held(seat)
        await seat.until("HELD by")
        await seat.press("H")
        await seat.until("type prod and enter to release")
        await seat.armed()
        await seat.press("y", "enter")
        assert await served.desk.house.read(lambda view: view.holds.all())
        await seat.press(*"prod", "enter")
        await seat.until("hold released: 1")


async def test_a_plan_that_moves_while_it_is_looked_at_cannot_be_approved(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("approve exactly this")
        served.desk.house.world.live[A] = {"size": 7}
        await served.desk.house.scan()
        await seat.until("1 of 1 changed since you looked")
        await seat.armed()
        await seat.press("y")
        await seat.until("1 of 1 changed since you looked")
    assert served.desk.house.world.live[A] == {"size": 7}
    assert await served.desk.house.runs() == ()


async def test_production_asks_for_the_stack_s_name(served: Served) -> None:
    await drifted(served)
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("PROD")
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("type shop and enter to approve")
        assert " PROD " in seat.screen
        await seat.armed()
        await seat.press("y", "enter")
        assert "type shop and enter" in seat.screen
        await seat.press(*"shop", "enter")
        await seat.until("awaiting approval > queued")


async def test_the_dialog_says_how_much_of_a_stack_a_plan_reaches(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("blast radius  1 resource of 3 (33 %) in shop   ~ update 1")


async def test_production_asks_for_a_name_before_a_plan_is_requested(served: Served) -> None:
    house = served.desk.house
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("1 of 1")
        await seat.press("C")
        await seat.until("type shop and enter to request")
        await seat.armed()
        await seat.press("enter")
        assert not await house.remediations()
        await seat.press(*"shop", "enter")
        await seat.until("requested: 1")
    assert len(await house.remediations()) == 1


async def test_read_only_and_a_role_that_may_not_say_so_and_open_no_dialog(served: Served) -> None:
    await drifted(served)
    async with seated(served, options=Options(read_only=True)) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("read-only: started with --read-only")
    async with seated(served, role=Role.VIEWER) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("not allowed: the role viewer")


async def test_a_group_is_rejected_with_one_reason(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.press("a", "X")
        await seat.until("why?")
        await seat.press(*"wanted", "enter")
        await seat.until("reject: done")
    rejected = await served.desk.house.remediations()
    assert {each.state for each in rejected} == {"rejected"}


async def test_nothing_is_sent_while_the_daemon_is_away(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("approve exactly this")
        await seat.armed()
        served.cable.cut()
        await seat.until("reconnecting")
        await seat.press("y")
        await seat.press("escape")
        await seat.until("stale")
        served.cable.mend()
        await seat.until("live")
        await seat.until("needs approval")
    assert [each.state for each in await served.desk.house.remediations()] == ["awaiting_approval"]


async def test_a_quarantine_is_approved_and_released_by_keyboard(served: Served) -> None:
    house = served.desk.house
    edge = ResourceAddress("thing.edge")
    house.world.declared[edge] = house.world.recorded[edge] = house.world.live[edge] = {"port": 80}
    house.world.edges = {edge: A}
    await house.put(QUARANTINE)
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("A")
        await seat.until("approve 1 quarantine of shop")
        await seat.press("G")
        await seat.until("type shop and enter to approve")
        await seat.armed()
        await seat.press(*"shop", "enter")
        await seat.until("awaiting approval > queued")
        await seat.worked(lambda: edge not in house.world.live)
        await seat.press("escape")
        await seat.until("# quarantined")
    async with seated(served) as seat:
        await seat.until("# quarantined")
        await seat.press("U")
        await seat.until("release exactly this")
        await seat.armed()
        await seat.press("y")
        await seat.until("release requested: 1")
        await seat.worked(lambda: edge in house.world.live)
        await seat.until("v released")
        assert "converged" not in seat.screen
    assert house.world.live[edge] == {"port": 80}
    assert house.world.live[A] == {"size": 99}


async def test_production_asks_for_a_name_before_a_quarantine_is_rejected(served: Served) -> None:
    house = served.desk.house
    edge = ResourceAddress("thing.edge")
    house.world.declared[edge] = house.world.recorded[edge] = house.world.live[edge] = {"port": 80}
    house.world.edges = {edge: A}
    await house.put(QUARANTINE)
    await house.scan()
    house.world.live[A] = {"size": 99}
    await house.scan()
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("needs approval")
        await seat.press("X")
        await seat.until("why?")
        await seat.press(*"wanted", "enter")
        await seat.until("what is dangerous stays connected")
        await seat.until("type shop and enter to reject")
        await seat.armed()
        await seat.press("y", "enter")
        assert [each.state for each in await house.remediations()] == ["awaiting_approval"]
        await seat.press(*"shop", "enter")
        await seat.until("reject: done: 1")
    assert [each.state for each in await house.remediations()] == ["rejected"]


@pytest.mark.parametrize("verb", ["reject", "retry"])
async def test_production_decides_only_what_was_read(
    verb: str, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[str] = []

    async def decide(_session: Session, _verb: str, ids: Sequence[str], _reason: str) -> Done:
        decided.extend(ids)
        return Done(ok=list(ids))

    monkeypatch.setattr(intents, "decide", decide)
    await drifted(served)
    (waiting,) = await served.desk.house.remediations()
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("needs approval")
        seat.app.decide_with_reason(verb, [waiting.id, "elsewhere"])
        await seat.until("why?")
        await seat.press(*"wanted", "enter")
        if verb == "retry":
            await seat.until("type shop and enter to retry")
            await seat.press(*"shop", "enter")
        await seat.until(lambda: decided)
        assert decided == [waiting.id]
        await seat.until("not read yet, so not decided")


async def test_a_finding_is_ignored_with_a_reason_and_listed_again(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("i")
        await seat.until("off the list for 30 days")
        await seat.press("enter")
        await seat.until("why?")
        await seat.press(*"known", "enter")
        await seat.until("1 gone (.)")
        await seat.press("8")
        await seat.until("known")
        await seat.press("U")
        await seat.until("nothing here")
    (finding,) = await served.desk.house.findings()
    assert finding.state == "open"


async def test_what_was_snoozed_is_taken_back_by_one_key(served: Served) -> None:
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.press("z")
        await seat.until("nothing to take back")
        await seat.press("a", "i", *"week", "enter")
        await seat.until("for 1 week: why?")
        await seat.press(*"release", "enter")
        await seat.until("snoozed: 2")
        found = await served.desk.house.findings()
        assert {each.state for each in found} == {"ignored"}
        ends = {each.decision.until for each in found if each.decision}
        assert len(ends) == 1
        assert None not in ends
        await seat.press("z")
        await seat.until("taken back, snoozed: 2")
        await seat.press("z")
        await seat.until("nothing to take back")
    assert {each.state for each in await served.desk.house.findings()} == {"open"}


async def test_a_finding_is_assigned_and_that_is_kept_in_the_audit_log(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await seat.press("i", *"assign", "enter")
        await seat.until("to whom?")
        await seat.press(*"bea", "enter")
        await seat.until("assign: done: 1")
        await seat.press("4")
        await seat.until("finding.assign")


async def test_a_hold_is_no_decision_that_one_key_takes_back(served: Served) -> None:
    await drifted(served)
    async with seated(served) as seat:
        await seat.until("needs approval")
        await held(seat)
        await seat.until("hold set: 1")
        await seat.press("z")
        await seat.until("nothing to take back")
        assert await served.desk.house.read(lambda view: view.holds.all())
        await seat.press("H")
        await seat.until("corrections that wait begin at once")
        await seat.armed()
        assert await served.desk.house.read(lambda view: view.holds.all())
        await seat.press("y")
        await seat.until("hold released: 1")
        assert not await served.desk.house.read(lambda view: view.holds.all())


async def test_what_cannot_be_taken_back_does_not_keep_what_was_before_from_it(
    served: Served,
) -> None:
    house = served.desk.house
    await drifted(served, A, B)
    async with seated(served) as seat:
        await seat.until("2 of 2")
        for place, reason in enumerate(("first", "second"), 1):
            await seat.press("i", "enter")
            await seat.until("why?")
            await seat.press(*reason, "enter")
            await seat.until("ignored: 1")
            await seat.until("1 gone (.)")
            await seat.press("full_stop", "g")
            await seat.until(f" {2 - place} of {2 - place}")
        (second,) = (
            each
            for each in await house.findings()
            if each.decision is not None and each.decision.reason == "second"
        )
        await suppression.unsuppress(house.service, second.id, actor="bea")
        await seat.press("z")
        await seat.until("not everything was done")
        await seat.press("escape", "z")
        await seat.until("taken back, ignored: 1")
    assert {each.state for each in await house.findings()} == {"open"}


async def test_an_operator_may_say_that_it_is_seen_to_and_not_ignore_it(served: Served) -> None:
    await drifted(served)
    async with seated(served, role=Role.OPERATOR) as seat:
        await seat.until("needs approval")
        await seat.press("i")
        await seat.until("off the list until its drift changes  (not al")
        await seat.press(*"acknowledge", "enter")
        await seat.until("what is done about it?")
        await seat.press(*"looking", "enter")
        await seat.until("ack: done: 1")


async def test_one_of_several_is_divided_from_their_plan(served: Served) -> None:
    house = served.desk.house
    house.world.depends = {B: (A,)}
    await drifted(served, A, B)
    (whole,) = await house.remediations()
    async with seated(served) as seat:
        await seat.until("2 of 2")
        await seat.until("needs approval")
        await seat.press("slash", *"thing.a", "enter", "D")
        await seat.until("divided; each part gets a plan of its own: 1")
        await house.settle()
        await seat.press("D")
        await seat.until("nothing to divide")
    assert (await house.remediation(whole.id)).state == "superseded"
    apart = await house.remediations(RemediationState.AWAITING_APPROVAL)
    assert sorted(each.addresses for each in apart) == [(A,), (B,)]


async def test_production_asks_for_a_name_before_a_plan_is_divided(served: Served) -> None:
    house = served.desk.house
    house.world.depends = {B: (A,)}
    await drifted(served, A, B)
    async with seated(served, options=Options(environment="prod")) as seat:
        await seat.until("2 of 2")
        await seat.until("needs approval")
        await seat.press("slash", *"thing.a", "enter", "D")
        await seat.until("divide shop: apart from 1 other resource")
        await seat.until("type shop and enter to divide")
        await seat.press("escape")
        assert [each.state for each in await house.remediations()] == ["awaiting_approval"]
        await seat.press("D")
        await seat.until("type shop and enter to divide")
        await seat.press(*"shop", "enter")
        await seat.until("divided; each part gets a plan of its own: 1")
