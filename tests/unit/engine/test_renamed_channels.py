"""A channel is renamed or moved while alerts come and go: each is shown once, and ended."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

import pytest

from reconciler.api.hosts import Hosts
from reconciler.bootstrap import reload
from reconciler.bootstrap.channels import keep_alerts
from reconciler.domain.alerts import Delivery
from reconciler.domain.model import StackName
from reconciler.domain.notices import Notice
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alerting import follow_events
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.delivering import deliver, deliver_due
from reconciler.engine.left_channels import left_open
from reconciler.engine.service import Channel, Service, Tuning
from reconciler.registry import InstalledTools
from reconciler.section_reading import validated
from reconciler.settings import Settings
from tests.unit.engine.board import Board, begin, drift, tell
from tests.unit.engine.house import A, B, House

ROOM = "slack://xoxb-1/%23ops"
OTHER_ROOM = "slack://xoxb-1/%23other"


@dataclass
class Room(Board):
    """A room that keeps no key: what has no receipt is one message more."""

    messages: list[str] = field(default_factory=list)
    strays: list[str] = field(default_factory=list)
    """Alerts whose message was to be changed here and is elsewhere."""
    at_close: asyncio.Event = field(default_factory=asyncio.Event)

    async def show(self, notice: Notice, receipt: Mapping[str, str]) -> Mapping[str, str]:
        if not receipt:
            self.messages.append(notice.alert_id)
        elif notice.alert_id not in self.messages:
            self.strays.append(notice.alert_id)
        return await super().show(notice, receipt)

    async def close(self) -> None:
        """Take as long as a look of the chore at alerts, as connections do that are closed."""
        self.at_close.set()
        for _ in range(200):
            await asyncio.sleep(0.001)


def settings(name: str, url: str = ROOM) -> Settings:
    return validated(Settings, {"channel": [{"name": name, "url": url}]})


def reloader(
    house: House,
    patch: pytest.MonkeyPatch,
    *,
    before: Settings,
    after: Settings,
    place: Board,
    beside: Mapping[str, Channel] | None = None,
) -> reload.Reloader:
    """Return what takes in `after`, whose channel shows at `place`; `beside` are others."""
    (channel,) = after.channels
    channels = {channel.name: Channel(Subscription(channel.name), place), **(beside or {})}
    tuned = Tuning(judging=house.service.judging, channels=channels)
    patch.setattr(reload, "tuning", lambda _settings, _key: tuned)
    patch.setattr(reload, "sync_config", _keep_stacks)
    return reload.Reloader(
        house.service,
        settings=before,
        read=lambda: after,
        tools=InstalledTools(),
        hosts=Hosts(),
    )


async def _keep_stacks(_service: Service, **_sections: object) -> tuple[StackName, ...]:
    return ()


def opened(house: House) -> Room:
    room = Room()
    house.service.channels = {"ops": Channel(Subscription("ops"), room)}
    return room


async def shown(house: House) -> Room:
    """Let the channel `ops` show an alert."""
    room = opened(house)
    await begin(house)
    await drift(house)
    await tell(house, seconds=1)
    await tell(house)
    assert len(room.messages) == 1
    return room


async def heal(house: House) -> None:
    house.world.live[A] = house.world.live[B] = {"size": 1}
    await house.scan()
    await tell(house, minutes=2)
    await tell(house, minutes=2)


async def test_an_alert_that_grows_during_a_rename_is_shown_once_and_ended(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = await shown(house)
    await drift(house, B)  # the same change: it joins the alert
    house.clock.move(minutes=2)
    taking = reloader(
        house, monkeypatch, before=settings("ops"), after=settings("pager"), place=room
    )
    loading = asyncio.create_task(taking.reload())
    await room.at_close.wait()
    await keep_alerts(house.service)
    await loading
    await tell(house, minutes=2)
    assert await left_open(house.service) == {}
    await heal(house)
    assert (len(room.messages), room.open) == (1, [])


async def test_a_message_that_is_sent_during_a_rename_is_noted_under_the_new_name(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = opened(house)
    came, go = asyncio.Event(), asyncio.Event()

    async def stalled() -> None:
        came.set()
        await go.wait()

    room.meanwhile = stalled
    await begin(house)
    await drift(house)
    await follow_events(house.service)
    house.clock.move(seconds=11)
    await deliver_due(house.service, patience_s=0)
    await came.wait()
    taking = reloader(
        house, monkeypatch, before=settings("ops"), after=settings("pager"), place=room
    )
    loading = asyncio.create_task(taking.reload())
    # Enough for a reload that does not wait for the message to take in the new name.
    await asyncio.wait([loading], timeout=1)
    go.set()
    await loading
    await asyncio.gather(*house.service.sending)
    room.meanwhile = None
    await tell(house, minutes=2)
    assert await left_open(house.service) == {}
    await heal(house)
    assert (len(room.messages), room.open) == (1, [])


async def test_what_is_open_comes_to_the_new_place_though_its_alert_changes_meanwhile(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, other = await shown(house), Room()
    await drift(house, size=11)
    house.clock.move(minutes=2)
    taking = reloader(
        house, monkeypatch, before=settings("ops"), after=settings("ops", OTHER_ROOM), place=other
    )
    loading = asyncio.create_task(taking.reload())
    await room.at_close.wait()
    await keep_alerts(house.service)
    await loading
    await tell(house, minutes=2)
    assert (len(room.messages), len(other.messages), len(other.open)) == (1, 1, 1)
    assert other.strays == []


async def test_a_test_of_another_channel_ends_over_a_rename(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    room, slow = await shown(house), Board()
    came, go = asyncio.Event(), asyncio.Event()

    async def stalled() -> None:
        came.set()
        await go.wait()

    slow.meanwhile = stalled
    beside = {"slow": Channel(Subscription("slow"), slow)}
    house.service.channels = {**house.service.channels, **beside}
    monkeypatch.setattr(reload, "ENDS_WITHIN_S", 0.01)
    taking = reloader(
        house,
        monkeypatch,
        before=settings("ops"),
        after=settings("pager"),
        place=room,
        beside=beside,
    )
    trying = asyncio.create_task(try_channel(house.service, "slow", actor="ana"))
    await came.wait()
    await taking.reload()
    slow.meanwhile = None
    go.set()
    tried = await trying
    assert (tried.error, slow.posted, slow.open) == (None, 2, [])


async def test_a_name_that_was_another_channels_takes_over_what_that_never_showed(
    house: House,
) -> None:
    room = await shown(house)
    (owed,) = await house.read(lambda view: view.alerts.shown_as_open())
    await drift(house, B, size=7)
    unshown = Delivery("pager", owed.alert_id, next_at=owed.next_at, given_up=True)
    await house.service.store.transact(lambda tx: tx.alerts.put_deliveries([unshown]))
    house.service.channels = {"pager": Channel(Subscription("pager"), room)}
    await house.service.store.transact(lambda tx: tx.alerts.rename_channel("ops", "pager", but=[]))
    assert await left_open(house.service) == {}
    await heal(house)
    assert room.shown[owed.alert_id].is_over


async def test_nothing_is_noted_under_a_former_name(house: House) -> None:
    room = await shown(house)
    (owed,) = await house.read(lambda view: view.alerts.shown_as_open())
    house.service.channels = {"pager": Channel(Subscription("pager"), room)}
    await house.service.store.transact(lambda tx: tx.alerts.rename_channel("ops", "pager", but=[]))
    await deliver(house.service, owed)
    assert await left_open(house.service) == {}
