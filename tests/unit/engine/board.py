"""A channel that keeps what it was shown, and steps of a house with such channels."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from reconciler.domain.model import ResourceAddress
from reconciler.domain.notices import Notice
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alerting import follow_events, watch_staleness
from reconciler.engine.clock_changes import follow_clock
from reconciler.engine.delivering import deliver_due
from reconciler.engine.heartbeats import send_heartbeats
from reconciler.engine.service import Channel
from tests.patience import PATIENCE_S
from tests.unit.engine.house import A, B, C, House


@dataclass
class Board:
    """A channel that keeps the last notice of each alert; it fails as often as it was told to."""

    shown: dict[str, Notice] = field(default_factory=dict)
    posted: int = 0
    failures: list[BaseException] = field(default_factory=list)
    loses_answers: bool = False
    asked: int = 0
    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        self.asked += 1
        if self.failures:
            if self.loses_answers:
                self.shown[notice.alert_id] = notice
            raise self.failures.pop(0)
        if receipt:
            assert receipt == {"place": notice.alert_id}
            assert notice.revision >= self.shown[notice.alert_id].revision
        self.posted += 1
        if self.meanwhile is not None and self.posted <= 4:
            await self.meanwhile()
        self.shown[notice.alert_id] = notice
        return {"place": notice.alert_id}

    async def close(self) -> None: ...

    @property
    def open(self) -> list[Notice]:
        return [notice for notice in self.shown.values() if not notice.is_over]


def listen(house: House, name: str = "ops", **wanted: Any) -> Board:
    board = Board()
    subscription = replace(Subscription(name), **wanted)
    house.service.channels = {**house.service.channels, name: Channel(subscription, board)}
    return board


async def tell(house: House, **span: float) -> None:
    """Let `span` go by, and do what the daemon's chore does."""
    house.clock.move(**(span or {"seconds": 11}))
    await follow_clock(house.service)
    while await follow_events(house.service):
        pass
    await watch_staleness(house.service)
    while await deliver_due(house.service, patience_s=PATIENCE_S):
        pass


async def beat(house: House) -> None:
    """Do what the daemon's chore does about heartbeats."""
    await send_heartbeats(house.service, patience_s=PATIENCE_S)


async def drift(house: House, address: ResourceAddress = A, size: int = 9) -> None:
    house.world.live[address] = {"size": size}
    await house.scan()


async def begin(house: House) -> None:
    """Let the stream be read up to here: what was before is no news."""
    await follow_events(house.service)


async def many(house: House) -> None:
    """Let three alerts come due, none of which was tried."""
    await begin(house)
    for address, size in ((A, 9), (B, 7), (C, 5)):
        await drift(house, address, size)
    await tell(house, seconds=1)
