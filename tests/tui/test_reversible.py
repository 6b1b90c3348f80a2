"""Decisions that change no resource, and how the latest of them is taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from reconciler.domain.principals import Role
from reconciler.engine import suppression
from tests.client.conftest import Served
from tests.tui.conftest import Seat, seated
from tests.tui.drifting import drifted, held
from tests.unit.engine.house import A, B


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
        await _ignored(seat, "first")
        await seat.until("ignored: 1")
        await seat.until("1 gone (.)")
        await seat.press("full_stop", "g")
        await seat.until(" 1 of 1")
        with _answered_late(seat) as answer:
            await _ignored(seat, "second")
            # Its event is here, and its answer is not: what z is about now is nevertheless it.
            await seat.until("1 gone (.)")
            (second,) = (
                each
                for each in await house.findings()
                if each.decision is not None and each.decision.reason == "second"
            )
            await suppression.unsuppress(house.service, second.id, actor="bea")
            await seat.press("z")
            answer.set()
        await seat.until("not everything was done")
        await seat.press("escape", "z")
        await seat.until("taken back, ignored: 1")
        await seat.press("z")
        await seat.until("nothing to take back")
    assert {each.state for each in await house.findings()} == {"open"}


async def _ignored(seat: Seat, reason: str) -> None:
    await seat.press("i", "enter")
    await seat.until("why?")
    await seat.press(*reason, "enter")


@contextmanager
def _answered_late(seat: Seat) -> Iterator[asyncio.Event]:
    """Have the answers to what is ignored be here when that is said, and not before."""
    may_come = asyncio.Event()
    findings = seat.app.session.client.findings
    ignore = findings.ignore

    async def late(*names: Any, **given: Any) -> Any:
        answer = await ignore(*names, **given)
        await may_come.wait()
        return answer

    with patch.object(findings, "ignore", late):
        yield may_come


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
