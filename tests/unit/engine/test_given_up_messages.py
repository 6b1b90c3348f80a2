"""A message is given up after a day of failures, or refused for good; a reload revives it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.notices import Notice
from reconciler.engine.channel_states import channel_states
from reconciler.engine.reviving import try_again
from reconciler.ports import ChannelBusyError
from tests.unit.engine.board import begin, drift, listen, many, tell
from tests.unit.engine.house import B, House


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
    board = listen(house, events=frozenset({"drift.detected"}))
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


async def test_days_in_which_no_daemon_ran_are_no_failures(house: House) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 2
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    house.clock.move(days=2)
    house.service.started_at = house.clock.now()
    await try_again(house.service)  # as a start does
    await tell(house)
    (state,) = await channel_states(house.service)
    assert (state.given_up, state.failing) == (0, 1)
    await tell(house, seconds=61)
    assert len(board.open) == 1


@pytest.mark.parametrize("hours", [1, 23])
async def test_restarts_within_a_day_do_not_keep_a_dead_channel_from_being_told(
    house: House, hours: int
) -> None:
    board, pager = listen(house, "dead"), listen(house, "pager")
    board.failures = [RetryableError("away")] * 999
    await begin(house)
    await drift(house)
    for hour in range(1, 50):
        await tell(house, minutes=60)
        if hour % hours == 0:
            house.clock.move(seconds=20)
            house.service.started_at = house.clock.now()
            await try_again(house.service)  # as a start does, and a reload
    await tell(house)
    told = [notice.title for notice in pager.open if notice.members[0].type == "channel"]
    assert told == ["the channel dead shows no alerts"]
    failed = [name for name in await house.events() if name == "channel.failed"]
    assert len(failed) == 6, "of a drift and a stale stack: the first failure of each day, its end"


@pytest.mark.parametrize("starts", [1, 3])
async def test_hours_in_which_no_daemon_ran_are_taken_from_the_day_of_failures(
    house: House, starts: int
) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 999
    await begin(house)
    await drift(house)
    for _ in range(20):
        await tell(house, minutes=61)
    house.clock.move(hours=48)
    for _ in range(starts):  # one after the other, before anything was sent
        await try_again(house.service)
    for _ in range(3):
        await tell(house, minutes=61)
        (state,) = await channel_states(house.service)
        assert state.given_up == 0
    for _ in range(3):
        await tell(house, minutes=61)
    (state,) = await channel_states(house.service)
    assert state.given_up > 0


async def test_a_message_that_failed_before_the_clock_was_set_back_is_given_up_after_a_day(
    house: House,
) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 999
    await begin(house)
    await drift(house)
    await tell(house)
    await tell(house)
    house.clock.move(days=-300)
    await try_again(house.service)
    for _ in range(26):
        await tell(house, minutes=61)
    (state,) = await channel_states(house.service)
    assert (state.failing, state.given_up) == (0, 1)


async def test_what_waits_an_hour_for_its_next_try_is_tried_after_a_reload(house: House) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")] * 9
    await begin(house)
    await drift(house)
    for _ in range(8):
        await tell(house, minutes=61)
    board.failures = []
    await try_again(house.service)
    await tell(house, seconds=1)
    assert "shop: thing.a drifted" in [notice.title for notice in board.open]
