"""Channels that fail, pause, lose their answers or are replaced lose no alert."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import Severity
from reconciler.domain.notices import Notice
from reconciler.domain.subscriptions import Subscription
from reconciler.domain.windows import read_window
from reconciler.engine.channels import channel_states, try_channel
from reconciler.engine.delivering import deliver_due, try_again
from reconciler.engine.heartbeats import send_heartbeats
from reconciler.engine.sending import end_sending
from reconciler.engine.service import Channel
from reconciler.ports import ChannelBusyError
from reconciler.stores import Transaction
from tests.patience import PATIENCE_S
from tests.unit.engine.board import beat, begin, drift, listen, tell
from tests.unit.engine.house import A, B, C, House


async def test_a_channel_that_fails_is_tried_later_and_holds_up_nobody(house: House) -> None:
    bad, good = listen(house, "bad"), listen(house, "good")
    bad.failures = [RetryableError("away"), ChannelBusyError("slow", after=timedelta(minutes=5))]
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    assert (len(bad.open), len(good.open)) == (0, 1)
    (state,) = [one for one in await channel_states(house.service) if one.name == "bad"]
    assert (state.waiting, state.error) == (1, "away")
    await tell(house, seconds=31)
    await tell(house, minutes=4)
    assert bad.open == []
    await tell(house, minutes=2)
    assert len(bad.open) == 1
    assert "channel.failed" in await house.events()


async def test_an_end_is_shown_though_the_answer_to_its_beginning_was_lost(house: House) -> None:
    board = listen(house)
    board.failures, board.loses_answers = [RetryableError("no answer")], True
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    assert len(board.open) == 1
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house, minutes=2)
    assert board.open == []


class KilledError(BaseException):
    """The process ends here: nothing that follows is done."""


async def test_an_end_is_shown_though_the_process_was_killed_before_it_noted_the_beginning(
    house: House,
) -> None:
    board = listen(house)
    board.failures, board.loses_answers = [KilledError()], True
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    with pytest.raises(KilledError):
        await tell(house)
    assert len(board.open) == 1
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house, seconds=1)
    assert board.open == []


async def test_the_next_digest_tells_what_a_killed_process_had_told(house: House) -> None:
    board = listen(house, digest=timedelta(minutes=30))
    board.failures, board.loses_answers = [KilledError()], True
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    with pytest.raises(KilledError):
        await tell(house, minutes=30)
    assert len(board.open) == 1
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house, seconds=1)
    assert [one.title for one in board.shown.values() if one.is_over] == [
        "digest: 0 alerts open, 1 resolved"
    ]


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


async def test_a_reload_in_the_middle_of_a_heartbeat_holds_up_no_channel(house: House) -> None:
    former = listen(house, heartbeat=timedelta(days=1))
    await house.scan()
    boards = []

    async def closed_under_it(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        del notice, receipt
        boards.append(listen(house, heartbeat=timedelta(days=1)))
        raise RetryableError("closed")

    former.show = closed_under_it  # type: ignore[method-assign]
    await beat(house)
    assert house.service.channels_quiet_until == {}
    await beat(house)
    assert [board.posted for board in boards] == [1]


async def test_an_alert_that_a_channel_always_fails_for_holds_up_no_other(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    show = board.show

    async def poisoned(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        if notice.members[0].address == str(A):
            raise RetryableError("answered 500")
        return await show(notice, receipt)

    board.show = poisoned  # type: ignore[method-assign]
    await tell(house)
    await tell(house, seconds=31)
    assert [notice.members[0].address for notice in board.open] == [str(B)]


async def test_an_alert_that_is_refused_in_a_digest_is_given_up_alone(house: House) -> None:
    board = listen(house, digest=timedelta(seconds=1))
    await many(house)
    show = board.show

    async def refused(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        if any("thing.a" in member.stack for member in notice.members):
            raise PermanentError("answered 400")
        return await show(notice, receipt)

    board.show = refused  # type: ignore[method-assign]
    await tell(house)
    assert sum(notice.total for notice in board.open) == 2
    (state,) = await channel_states(house.service)
    assert (state.shown, state.given_up) == (2, 1)


@pytest.mark.parametrize("digest", [None, timedelta(seconds=1)])
async def test_a_reload_in_the_middle_of_a_batch_loses_no_message(
    house: House, digest: timedelta | None
) -> None:
    former = listen(house, digest=digest)
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    boards = [former]

    async def closed_under_it(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        boards.append(listen(house, digest=digest))
        former.show = closed_for_good  # type: ignore[method-assign]
        return await former.show(notice, receipt)

    async def closed_for_good(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        del notice, receipt
        raise RuntimeError

    former.show = closed_under_it  # type: ignore[method-assign]
    await tell(house)
    assert sum(notice.total for notice in boards[-1].open) == 2
    assert "channel.failed" not in await house.events()


async def test_a_test_of_a_channel_that_a_reload_replaces_is_made_with_the_new_one(
    house: House,
) -> None:
    former = listen(house)

    async def replaced(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        del notice, receipt
        listen(house).failures = [RetryableError("away")]
        raise RetryableError("closed")

    former.show = replaced  # type: ignore[method-assign]
    tried = await try_channel(house.service, "ops", actor="ana")
    assert tried.error == "away"


async def test_a_defect_of_ours_gives_up_neither_its_alert_nor_others(house: House) -> None:
    board = listen(house)
    board.failures = [RuntimeError("broken")]
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    await tell(house)
    assert board.asked == 1, "the others wait"
    await tell(house, seconds=31)
    assert len(board.open) == 2


async def test_what_was_given_up_is_tried_again_once_the_settings_are_read_anew(
    house: House,
) -> None:
    board = listen(house)
    board.failures = [PermanentError("wrong key")]
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    await tell(house, hours=1)
    assert board.open == []
    await try_again(house.service)
    await tell(house, seconds=1)
    assert len(board.open) == 1
    (state,) = await channel_states(house.service)
    assert (state.given_up, state.error) == (0, None)


async def test_after_a_day_of_failures_it_is_given_up_and_told(house: House) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 99
    await begin(house)
    await drift(house)
    for _ in range(60):
        await tell(house, minutes=61)
    (state,) = await channel_states(house.service)
    assert (state.waiting, state.given_up) == (0, 1)
    assert len(board.failures) < 99 - 20
    tried = len(board.failures)
    await tell(house, hours=9)
    assert len(board.failures) == tried
    assert (await house.events()).count("channel.failed") == 2, "the first failure, and the end"


async def many(house: House) -> None:
    """Let three alerts come due, none of which was tried."""
    await begin(house)
    for address, size in ((A, 9), (B, 7), (C, 5)):
        await drift(house, address, size)
    await tell(house, seconds=1)


async def test_a_day_after_a_channel_failed_all_that_waits_since_is_given_up_at_once(
    house: House,
) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 99
    await many(house)
    await tell(house)
    assert board.asked == 1
    await tell(house, hours=24)
    (state,) = await channel_states(house.service)
    assert (board.asked, state.given_up, state.lost) == (2, 3, 3)


async def test_new_alerts_do_not_keep_an_old_one_from_being_given_up(house: House) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 99
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    await drift(house, B, size=7)
    await tell(house, hours=24)
    (state,) = await channel_states(house.service)
    assert (board.asked, state.given_up) == (2, 1)


async def test_a_channel_that_always_asks_to_wait_loses_what_it_was_asked_before_alone(
    house: House,
) -> None:
    board = listen(house)
    board.failures = [ChannelBusyError("slow", after=timedelta(hours=1))] * 99
    await many(house)
    await tell(house)
    await tell(house, hours=24)
    (state,) = await channel_states(house.service)
    assert (board.asked, state.given_up) == (2, 1)
    await tell(house, hours=2)
    (state,) = await channel_states(house.service)
    assert (board.asked, state.given_up) == (3, 1), "the first try of another"


async def test_what_was_never_tried_fails_no_longer_than_its_channel(house: House) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")]
    await many(house)
    await tell(house)
    show = board.show

    async def takes_one(notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        board.show = show  # type: ignore[method-assign]
        taken = await show(notice, receipt)
        board.failures = [RetryableError("away")] * 2
        return taken

    board.show = takes_one  # type: ignore[method-assign]
    await tell(house, hours=23)
    assert board.posted == 1
    await tell(house, hours=2)
    (state,) = await channel_states(house.service)
    assert (board.asked, state.given_up) == (4, 1), "the one that failed for a day itself"


async def test_what_can_never_be_shown_is_given_up_at_once(house: House) -> None:
    board = listen(house)
    board.failures = [PermanentError("wrong key")]
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    (state,) = await channel_states(house.service)
    assert (state.given_up, state.error) == (1, "wrong key")


async def test_a_stop_lets_the_message_that_is_being_sent_end_and_begins_no_other(
    house: House,
) -> None:
    board = listen(house)
    came, go = asyncio.Event(), asyncio.Event()

    async def stalled() -> None:
        came.set()
        await go.wait()

    board.meanwhile = stalled
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house, seconds=1)
    house.clock.move(seconds=11)
    chore = asyncio.create_task(deliver_due(house.service))
    await came.wait()
    chore.cancel()
    await asyncio.gather(chore, return_exceptions=True)
    ends = asyncio.create_task(end_sending(house.service, within_s=60))
    go.set()
    await ends
    assert (board.posted, len(board.open)) == (1, 1)
    (state,) = await channel_states(house.service)
    assert (state.shown, state.waiting) == (1, 1), "it is noted, and the next start shows the other"


async def test_a_message_that_outlasts_a_stop_is_shown_by_the_next_start(house: House) -> None:
    board = listen(house)
    came = asyncio.Event()

    async def hangs() -> None:
        came.set()
        await asyncio.Event().wait()

    board.meanwhile = hangs
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.clock.move(seconds=11)
    chore = asyncio.create_task(deliver_due(house.service))
    await came.wait()
    chore.cancel()
    await end_sending(house.service, within_s=0)
    assert house.service.sending == set()
    board.meanwhile = None
    await tell(house)
    assert len(board.open) == 1


async def test_a_channel_that_stalls_holds_up_no_other(house: House) -> None:
    slow, pager = listen(house, "slow", heartbeat=timedelta(days=1)), listen(house, "pager")
    go = asyncio.Event()
    slow.meanwhile = go.wait
    await begin(house)
    await house.scan()
    await send_heartbeats(house.service, patience_s=0)
    for address, size in ((A, 9), (B, 7)):
        await drift(house, address, size)
        await tell(house)
        await tell(house)
    assert (len(pager.open), slow.posted) == (2, 1)
    slow.meanwhile = None
    go.set()
    await asyncio.gather(*house.service.delivering.values())
    await tell(house)
    assert len(slow.open) == 2
