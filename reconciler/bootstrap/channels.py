"""The channels of the settings, opened; and the chore that keeps them up to date."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from reconciler.domain.alerts import Subscription, alerting_events
from reconciler.domain.model import Severity
from reconciler.engine.alerting import follow_events, watch_staleness
from reconciler.engine.delivering import deliver_due
from reconciler.engine.service import Channel, Service
from reconciler.settings import Settings
from reconciler.settings_channels import ChannelSettings


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Return the channels by name. Nothing is sent.

    Raises:
        PermanentError: the address of one says too little, or is of no known kind.
    """
    return {channel.name: _opened(channel) for channel in settings.channels}


async def keep_alerts(service: Service) -> None:
    """Turn news into alerts, and show what is due. Without a channel there is nothing to do.

    Raises:
        StorageError: the database cannot be used.
    """
    if not service.channels:
        return
    while await follow_events(service):
        pass
    await watch_staleness(service)
    while await deliver_due(service):
        pass


async def close_channels(channels: Mapping[str, Channel]) -> None:
    """Let go of the connections."""
    await asyncio.gather(*(channel.notifier.close() for channel in channels.values()))


def _opened(channel: ChannelSettings) -> Channel:
    # A daemon without channels starts without what speaks HTTP and SMTP.
    from reconciler.notify.addresses import ChannelAddress, open_channel  # noqa: PLC0415

    address = ChannelAddress(channel.name, channel.url, channel.secret, most_open=channel.most_open)
    subscription = Subscription(
        channel=channel.name,
        events=alerting_events(channel.events, default=address.default_events),
        min_severity=Severity[channel.min_severity.upper()],
        stacks=channel.stacks,
        group_wait=channel.group_wait,
        update_every=channel.update_every,
    )
    return Channel(subscription, open_channel(address))
