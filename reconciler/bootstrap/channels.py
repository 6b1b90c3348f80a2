"""The channels of the settings, opened; and the chore that keeps them up to date."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from dataclasses import replace

import structlog

from reconciler.domain.alerts import ENDING_EVENTS, alerting_events
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Severity
from reconciler.domain.slack_buttons import SlackButtons
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alerting import follow_events, watch_staleness
from reconciler.engine.channel_states import matching_no_stack
from reconciler.engine.clock_changes import follow_clock
from reconciler.engine.delivering import deliver_due
from reconciler.engine.heartbeats import send_heartbeats
from reconciler.engine.left_channels import left_open, said_of
from reconciler.engine.service import Channel, Service
from reconciler.ports import Notifier
from reconciler.settings import Settings
from reconciler.settings_channels import ChannelSettings

_log = structlog.get_logger()


def open_channels(settings: Settings) -> dict[str, Channel]:
    """Return the channels by name. Nothing is sent.

    Raises:
        PermanentError: the address of one says too little, or is of no known kind.
    """
    public_url = settings.daemon.public_url
    return {channel.name: _opened(channel, public_url) for channel in settings.channels}


async def keep_alerts(service: Service) -> None:
    """Turn news into alerts, and show what is due. Without a channel there is nothing to do.

    Raises:
        StorageError: the database cannot be used.
    """
    async with service.alerting:
        if not service.channels:
            return
        await follow_clock(service)
        while await follow_events(service):
            pass
        await watch_staleness(service)
        while await deliver_due(service):
            pass
        await send_heartbeats(service)


async def warn_of_channels(service: Service) -> None:
    """Say in the log which channels name no stack that is registered, no token, or ends alone.

    Also which ones were removed and left alerts open.

    Raises:
        StorageError: the database cannot be used.
    """
    unmatched, tokens = await service.store.read(
        lambda view: (
            matching_no_stack(view, service),
            {token.name for token in view.tokens.all()},
        )
    )
    for name, number in sorted((await left_open(service)).items()):
        _log.warning(
            "channel_left_alerts_open", channel=name, alerts=number, remedy=said_of(name, number)
        )
    for channel in service.channels.values():
        wanted = channel.subscription
        if wanted.channel in unmatched:
            _log.warning(
                "channel_matches_no_stack", channel=wanted.channel, stacks=list(wanted.stacks)
            )
        if wanted.events <= ENDING_EVENTS:
            _log.warning("channel_hears_of_ends_alone", channel=wanted.channel,
                         events=sorted(wanted.events))  # fmt: skip
        approvers = set(channel.buttons.approvers.values()) if channel.buttons else set()
        if approvers - tokens:
            _log.warning(
                "channel_approver_has_no_token",
                channel=wanted.channel,
                approvers=sorted(approvers - tokens),
            )


async def close_channels(channels: Mapping[str, Channel]) -> None:
    """Let go of the connections."""
    await asyncio.gather(*(channel.notifier.close() for channel in channels.values()))


def _opened(channel: ChannelSettings, public_url: str | None) -> Channel:
    # A daemon without channels starts without what speaks HTTP and SMTP.
    from reconciler.bootstrap.channel_checks import (  # noqa: PLC0415
        refuse_unreachable,
        refuse_useless,
    )
    from reconciler.bootstrap.channel_places import url_of  # noqa: PLC0415
    from reconciler.notify.addresses import ChannelAddress, open_channel  # noqa: PLC0415
    from reconciler.notify.tickets import MOST_OPEN  # noqa: PLC0415

    address = ChannelAddress(
        channel.name,
        url_of(channel),
        channel.secret,
        channel.former_secret,
        most_open=channel.most_open or MOST_OPEN,
        by_apprise=channel.kind == "apprise",
    )
    refuse_useless(channel, address)
    buttons = _buttons(channel)
    address = replace(address, buttons=buttons)
    notifier = open_channel(address)
    refuse_unreachable(address)
    subscription = Subscription(
        channel=channel.name,
        events=alerting_events(channel.events, default=address.default_events),
        min_severity=Severity[channel.min_severity.upper()],
        stacks=channel.stacks,
        group_wait=channel.group_wait,
        update_every=channel.update_every,
        after=channel.after,
        digest=channel.digest,
        quiet=channel.quiet,
        heartbeat=channel.heartbeat,
        link=channel.link,
        public_url=public_url,
    )
    return Channel(subscription, _worded(channel, notifier), buttons)


def _worded(channel: ChannelSettings, notifier: Notifier) -> Notifier:
    """Return `notifier` with the templates of its section, if it has any."""
    if channel.templates is None:
        return notifier
    from reconciler.notify.template_values import MessageEvent  # noqa: PLC0415 - for templates only
    from reconciler.notify.templates import Templated, read_templates  # noqa: PLC0415

    named = {event: getattr(channel.templates, event.value) for event in MessageEvent}
    files = {event: file for event, file in named.items() if file is not None}
    return Templated(notifier, read_templates(files, channel=channel.name), channel=channel.name)


def _buttons(channel: ChannelSettings) -> SlackButtons | None:
    if not channel.signing_secret:
        return None
    from reconciler.api.answers import ID_PATTERN  # noqa: PLC0415 - FastAPI, for buttons only

    if not re.match(ID_PATTERN, channel.name):
        raise PermanentError(
            f"channel {channel.name!r} has buttons, and a name that no address for Slack can hold",
            remedy="name it with letters, digits and _ . : - alone",
        )
    return SlackButtons(channel.name, channel.signing_secret, channel.approvers)
