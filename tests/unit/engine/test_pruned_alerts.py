"""Alerts where events or old alerts were pruned meanwhile."""

from __future__ import annotations

import pytest

from reconciler.domain.alerts import AlertState
from reconciler.engine.alerting import follow_events
from reconciler.engine.channel_tests import try_channel
from reconciler.storage import retention
from tests.unit.engine.board import begin, drift, listen, tell
from tests.unit.engine.house import A, B, House


async def test_an_alert_that_is_long_over_is_forgotten_and_an_open_one_stays(house: House) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house)
    await tell(house)
    house.world.live[A] = {"size": 1}
    await house.scan()
    await tell(house)
    house.clock.move(days=91)
    now = house.clock.now()
    gone = await house.service.store.transact(lambda tx: tx.retention.prune(now=now))
    kept = {name: gone[name] for name in ("alerts", "alert_members", "deliveries")}
    assert kept == {"alerts": 1, "alert_members": 1, "deliveries": 1}
    house.world.live[B] = {"size": 1}
    await house.scan()
    await tell(house)
    assert board.open == []


async def test_what_ended_while_events_were_pruned_unread_is_over(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = listen(house)
    await begin(house)
    await drift(house)
    await drift(house, B, size=7)
    await tell(house)
    await tell(house)
    assert len(board.open) == 2
    monkeypatch.setattr(retention, "EVENTS_KEPT", 1)
    house.world.live[A] = {"size": 1}
    for _ in range(2):
        await house.scan()
    now = house.clock.now()
    await house.service.store.transact(lambda tx: tx.retention.prune(now=now))
    await tell(house)
    await tell(house)
    assert [notice.title for notice in board.open] == ["shop: thing.b drifted"]


async def test_a_test_goes_on_though_events_were_pruned_unread(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = listen(house)
    await begin(house)
    monkeypatch.setattr(retention, "EVENTS_KEPT", 1)

    async def prune() -> None:
        for _ in range(2):
            await house.scan()
        now = house.clock.now()
        await house.service.store.transact(lambda tx: tx.retention.prune(now=now))
        await follow_events(house.service)
        (alert,) = (await house.read(lambda view: view.alerts.page())).items
        assert alert.state is (AlertState.OPEN if board.posted == 1 else AlertState.RESOLVED)

    board.meanwhile = prune
    assert (await try_channel(house.service, "ops", actor="ana")).error is None
