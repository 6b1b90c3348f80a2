"""A reload that replaces or removes a channel loses no message and leaves nothing unsaid."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

import pytest

from reconciler.domain.errors import RetryableError
from reconciler.domain.notices import Notice
from reconciler.engine.channel_tests import try_channel
from tests.unit.engine.board import beat, begin, drift, listen, tell
from tests.unit.engine.house import B, House


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
