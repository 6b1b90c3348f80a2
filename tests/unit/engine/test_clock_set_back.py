"""A clock that is set back, at a daemon that runs or before its start, holds back no message."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.domain.errors import RetryableError, StorageError
from reconciler.storage.store import SqlStore
from tests.unit.engine.board import beat, begin, drift, listen, tell
from tests.unit.engine.house import House


@pytest.mark.parametrize("days", [1, 400])
@pytest.mark.parametrize("restarted", [False, True])
async def test_an_alert_that_waits_for_others_is_shown(
    house: House, days: int, *, restarted: bool
) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.clock.move(days=-days)
    if restarted:
        house.service.looked_at = None
    await tell(house)
    await tell(house)
    assert len(board.open) == 1


async def test_an_alert_is_shown_though_the_database_fails_as_the_clock_is_set_back(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.service.channels_quiet_until["ops"] = house.clock.now() + timedelta(seconds=5)
    house.clock.move(days=-30)

    async def full(_store: SqlStore, _work: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(SqlStore, "transact", full)
        with pytest.raises(StorageError):
            await tell(house)
    await tell(house)
    await tell(house)
    assert len(board.open) == 1


async def test_a_channel_that_failed_is_tried_again(house: House) -> None:
    board = listen(house)
    board.failures = [RetryableError("away")]
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    assert board.open == []
    house.clock.move(days=-30)
    await tell(house, seconds=31)
    await tell(house, seconds=31)
    assert len(board.open) == 1


async def test_a_heartbeat_is_sent(house: House) -> None:
    board = listen(house, heartbeat=timedelta(days=1))
    await begin(house)
    await house.scan()
    await tell(house, seconds=1)
    await beat(house)
    house.clock.move(days=-30)
    await tell(house)
    await house.scan()
    await tell(house, days=1)
    await house.scan()
    await beat(house)
    assert board.posted == 2


async def test_a_digest_comes_no_earlier_for_it(house: House) -> None:
    board = listen(house, digest=timedelta(days=1))
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    house.clock.move(hours=-2)
    await tell(house)
    assert board.shown == {}
    await tell(house, hours=14)
    assert len(board.open) == 1
