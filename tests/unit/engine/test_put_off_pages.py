"""How long an acknowledgement keeps from a pager what waits for `after`, and from which pagers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reconciler.domain.alerts import Alert, AlertId, AlertState
from reconciler.domain.model import Severity, StackName
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.suppression import note
from tests.fake_world import World
from tests.unit.engine.board import begin, listen, tell
from tests.unit.engine.house import A, House, open_house

PROD, DEV = StackName("prod-a"), StackName("dev-x")
DRIFT = frozenset({"drift.detected"})
"""Not that a stack was not scanned for hours."""
TWO_HOURS = timedelta(hours=2)
AT = datetime(2026, 11, 28, 12, tzinfo=UTC)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    """One whose two stacks have drifted by one cause since the channels of the test were added."""
    worlds = {name: World.in_sync(a={"size": 1}) for name in (PROD, DEV)}
    async with open_house(tmp_path, worlds) as made:
        await begin(made)
        for name in (PROD, DEV):
            worlds[name].live[A] = {"size": 9}
            await made.scan(name)
        yield made


async def acknowledge(house: House, stack: StackName, actor: str = "ana") -> None:
    (seen,) = await house.findings(stack)
    await note(house.service, seen.id, kind="ack", text=None, actor=actor)
    await tell(house, seconds=1)


async def test_who_takes_care_elsewhere_keeps_nothing_from_a_pager(house: House) -> None:
    pager = listen(house, "pager", stacks=("prod*",), after=TWO_HOURS, events=DRIFT)
    every = listen(house, "every", after=TWO_HOURS, events=DRIFT)
    await tell(house, seconds=1)
    await tell(house, hours=1)
    await acknowledge(house, DEV)
    await tell(house, hours=1)
    assert [len(pager.open), len(every.open)] == [1, 0]
    await tell(house, hours=1)
    assert [len(pager.open), len(every.open)] == [1, 1]


async def test_a_phone_that_rings_hears_of_who_takes_care_in_any_stack(house: House) -> None:
    pager = listen(house, "pager", stacks=("prod*",), update_every=timedelta(hours=1))
    await tell(house, seconds=1)
    await tell(house)
    await acknowledge(house, DEV)
    await tell(house)
    (notice,) = pager.open
    assert notice.acknowledged_by == "ana"


async def test_further_acknowledgements_put_a_page_off_no_further(house: House) -> None:
    pager = listen(house, "pager", stacks=("prod*",), after=TWO_HOURS, events=DRIFT)
    await tell(house, seconds=1)
    await acknowledge(house, DEV)
    for actor in ("ana", "bob", "eve"):
        await tell(house, minutes=50)
        assert pager.open == []
        # The first is in time, and the page is then due 2 h 50 min after the drift.
        await acknowledge(house, PROD, actor)
    await tell(house, minutes=21)
    assert len(pager.open) == 1


async def test_a_page_that_was_put_off_is_a_first_message_for_its_channel(house: House) -> None:
    pager = listen(house, "pager", after=TWO_HOURS, events=DRIFT)
    await tell(house, seconds=1)
    await acknowledge(house, PROD)
    # The board refuses a receipt that it did not give.
    await tell(house, hours=2, seconds=1)
    assert (len(pager.open), pager.posted) == (1, 1)


def test_who_acknowledged_less_puts_off_nothing_of_what_is_worse() -> None:
    wanted = Subscription("pager", after=TWO_HOURS)
    medium = Alert(AlertId("a"), "c", AlertState.OPEN, 1, Severity.MEDIUM, AT, AT)
    critical = replace(medium, severity=Severity.CRITICAL, revision=3)
    minutes = [AT + timedelta(minutes=10 * number) for number in range(5)]
    waits = wanted.begin(medium, at=AT)
    seen = replace(medium, revision=2)
    waits = wanted.again(waits, medium, seen, at=minutes[1], puts_off=True)
    assert waits.next_at == minutes[1] + TWO_HOURS
    waits = wanted.again(waits, seen, critical, at=minutes[2])
    assert waits.next_at == AT + TWO_HOURS
    again = replace(critical, revision=4)
    waits = wanted.again(waits, critical, again, at=minutes[3], puts_off=True)
    assert waits.next_at == minutes[3] + TWO_HOURS, "of this, somebody takes care as well"
    more = wanted.again(waits, again, replace(again, revision=5), at=minutes[4], puts_off=True)
    assert more == waits
