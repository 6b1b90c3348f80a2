"""Channels that show no alerts, as several commands say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.cli.client.api import Api
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import counted, text_of, wrapped
from reconciler.domain.errors import NotFoundError
from reconciler.wire import models as wire
from reconciler.wire import routes


def silent_channels(api: Api) -> Sequence[wire.Channel]:
    """Return the channels that gave up messages, and took none since; an older daemon has none."""
    try:
        channels = api.listed(routes.LIST_CHANNELS).items
    except NotFoundError:
        return ()
    return [channel for channel in channels if channel.lost]


def silent_lines(invocation: Invocation, channels: Iterable[wire.Channel]) -> Iterator[str]:
    """Yield which channels show nothing, why, and what to do once that is mended."""
    for channel in channels:
        name = text_of(channel.name)
        lost = counted(channel.lost, "message")
        first = f", the first {invocation.ago(channel.lost_since)}" if channel.lost_since else ""
        error = text_of(channel.error or "")
        text = f"CHANNEL {name} SHOWS NO ALERTS: {lost} given up{first}: {error}"
        yield from wrapped(text, indent="", paint=invocation.paint, style="high")
        yield f"once that is corrected: trueup channel test {name}"
