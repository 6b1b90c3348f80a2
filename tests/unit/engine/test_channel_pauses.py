"""A channel that fails or asks to wait is left alone, with all that waits for it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.domain.model import Severity
from reconciler.domain.subscriptions import Subscription
from reconciler.domain.windows import read_window
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.delivering import deliver_due
from reconciler.engine.reviving import try_again
from reconciler.engine.service import Channel
from reconciler.ports import ChannelBusyError
from reconciler.stores import Transaction
from tests.patience import PATIENCE_S
from tests.unit.engine.board import beat, begin, drift, listen, many, tell
from tests.unit.engine.house import A, B, C, House


async def test_a_channel_that_is_throttled_is_asked_once_whatever_waits_for_it(
    house: House,
) -> None:
    board = listen(house)
    board.failures = [ChannelBusyError("slow", after=timedelta(minutes=5))]
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    await tell(house)
    await tell(house)
    assert board.asked == 1
    await tell(house, minutes=4)
    assert board.asked == 1
    await tell(house, minutes=1)
    assert len(board.open) == 2


async def test_what_comes_due_or_ends_in_a_pause_waits_for_its_end(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    assert len(board.open) == 1
    board.failures = [ChannelBusyError("slow", after=timedelta(minutes=5))]
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    await tell(house)
    asked = board.asked
    assert board.failures == []
    house.world.live[A] = {"size": 1}
    house.world.live[C] = {"size": 6}
    await house.scan()
    for _ in range(3):
        await tell(house, minutes=1)
    assert board.asked == asked, "neither an end nor another alert"
    await tell(house, minutes=2)
    assert [notice.title for notice in board.shown.values() if notice.is_over] == [
        "shop: thing.a drifted"
    ]
    assert len(board.open) == 2


async def test_a_pause_holds_what_was_gathered_for_a_digest(house: House) -> None:
    listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    # What was shown by a message of its own goes on so; what begins now is gathered.
    board = listen(house, digest=timedelta(seconds=1))
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    house.world.live[A] = {"size": 1}
    await house.scan()
    board.failures = [ChannelBusyError("slow", after=timedelta(minutes=5))]
    await tell(house)
    await tell(house)
    assert board.asked == 1


@pytest.mark.parametrize("how", ["reload", "test"])
async def test_a_reload_or_a_test_that_succeeds_ends_a_pause(house: House, how: str) -> None:
    board = listen(house)
    board.failures = [ChannelBusyError("slow", after=timedelta(hours=1))]
    await many(house)
    await tell(house)
    assert (board.asked, board.open) == (1, [])
    if how == "reload":
        board = listen(house)
        await try_again(house.service)
    else:
        assert (await try_channel(house.service, "ops", actor="ana")).error is None
    await tell(house)
    assert len(board.open) == 3, "what failed, and what was put off with it"


async def test_a_pause_of_a_channel_that_is_gone_is_forgotten(house: House) -> None:
    listen(house)
    house.service.channels_quiet_until["gone"] = house.clock.now() + timedelta(hours=1)
    await try_again(house.service)
    assert house.service.channels_quiet_until == {}


@pytest.mark.parametrize(
    "wanted", [{"quiet": (read_window("09:00-15:00 UTC"),)}, {"digest": timedelta(seconds=1)}]
)
async def test_what_becomes_critical_while_its_batch_is_sent_waits_for_no_morning(
    house: House, wanted: dict[str, Any]
) -> None:
    board = listen(house)
    await many(house)
    house.clock.move(seconds=11)

    async def rises() -> None:
        house.service.channels = {"ops": Channel(replace(Subscription("ops"), **wanted), board)}
        await house.service.store.transact(make_all_critical)

    board.meanwhile = rises
    await deliver_due(house.service, patience_s=PATIENCE_S)
    assert len(board.open) == 3


def make_all_critical(tx: Transaction) -> None:
    alerts = tx.alerts.page().items
    tx.alerts.put_many([replace(each, severity=Severity.CRITICAL) for each in alerts])


async def test_a_quiet_span_that_begins_while_a_batch_is_sent_puts_off_the_rest(
    house: House,
) -> None:
    board = listen(house)
    await many(house)
    at = house.clock.now()
    hour = f"{at + timedelta(hours=1):%H:%M}-{at + timedelta(hours=3):%H:%M}"
    board = listen(house, quiet=(read_window(hour),))

    async def lasts() -> None:
        house.clock.move(hours=2)

    board.meanwhile = lasts
    house.clock.move(seconds=11)
    await deliver_due(house.service, patience_s=PATIENCE_S)
    assert len(board.open) == 1


async def test_a_pause_holds_a_heartbeat(house: House) -> None:
    board = listen(house, heartbeat=timedelta(days=1))
    board.failures = [ChannelBusyError("slow", after=timedelta(minutes=5))]
    await house.scan()
    assert (await try_channel(house.service, "ops", actor="ana")).error == "slow"
    await beat(house)
    assert board.asked == 1
    house.clock.move(minutes=5)
    await beat(house)
    assert board.asked == 2
