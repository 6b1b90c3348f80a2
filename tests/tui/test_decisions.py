"""Decisions by keyboard, seen in the world they change."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from reconciler.domain.principals import Role
from reconciler.domain.remediation_states import RemediationState
from tests.client.conftest import Served
from tests.tui.burst import arrive
from tests.tui.conftest import seated
from tests.tui.drifting import drifted, held
from tests.unit.engine.house import A, B
from tui import intents
from tui.modals.confirm import Confirm
from tui.sending import Done
from tui.session import Options, Session
from tui.verbs import Target


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
        await seat.worked(lambda: "verified: no drift" in seat.screen)
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
        dialog = seat.app.screen
        assert isinstance(dialog, Confirm)

        async def burst(text: str) -> None:
            taken = dialog._keys + len(text)
            arrive(seat, text)
            await seat.until(lambda: dialog._keys == taken)
            await seat.armed()

        await burst("xy")
        await burst("yx")
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


@pytest.mark.parametrize("verb", ["reject", "retry"])
async def test_production_decides_only_what_was_read(
    verb: str, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    decided: list[str] = []

    async def decide(
        _session: Session, _verb: str, targets: Sequence[Target], _reason: str
    ) -> Done:
        decided.extend(target.id for target in targets)
        return Done(ok=list(decided))

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
        rows = seat.app.session.store.rows
        await seat.worked(lambda: whole.id not in {row.remediation_id for row in rows.values()})
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
