"""Channels that fail, lose their answers or are killed lose no alert, and hold up no other."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from reconciler.domain.errors import RetryableError
from reconciler.domain.notices import Notice
from reconciler.engine.channel_states import channel_states
from reconciler.ports import ChannelBusyError
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import A, B, House


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
