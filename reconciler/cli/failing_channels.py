"""Channels that show no alerts, or not for now, as several commands say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from reconciler.cli.client.api import Api
from reconciler.cli.invocation import Invocation
from reconciler.cli.labels import counted, text_of, wrapped
from reconciler.domain.errors import NotFoundError
from reconciler.wire import models as wire
from reconciler.wire import routes


def failing_channels(api: Api) -> Sequence[wire.Channel]:
    """Return the channels that take no messages; an older daemon has none."""
    try:
        channels = api.listed(routes.LIST_CHANNELS).items
    except NotFoundError:
        return ()
    return failing(channels)


def failing(channels: Iterable[wire.Channel]) -> Sequence[wire.Channel]:
    """Return those of `channels` that take no messages, those that lost some first."""
    found = [each for each in channels if each.lost or each.failing or each.tried_again_at]
    return sorted(found, key=lambda each: not each.lost)


def failing_lines(invocation: Invocation, channels: Iterable[wire.Channel]) -> Iterator[str]:
    """Yield which channels take no messages, why, what happens by itself, and what to type."""
    for channel in channels:
        text, remedy = _lost(invocation, channel) if channel.lost else _fails(invocation, channel)
        style = "high" if channel.lost else "medium"
        yield from wrapped(text, indent="", paint=invocation.paint, style=style)
        yield remedy


def unmatched_lines(invocation: Invocation, channels: Iterable[wire.Channel]) -> Iterator[str]:
    """Yield which channels match no stack that is registered, and what to type."""
    for channel in channels:
        if channel.matches_no_stack:
            name, globs = text_of(channel.name), text_of(", ".join(channel.stacks))
            text = f"channel {name} matches no stack, so it shows no alerts of any: {globs}"
            yield from wrapped(text, indent="", paint=invocation.paint, style="medium")
            yield "correct `stacks` in its section of trueup.toml, then: trueup reload"


def tested_lines(invocation: Invocation, channels: Sequence[wire.Channel]) -> Iterator[str]:
    """Yield which last tests failed, of channels that nothing else is said of, and what to type."""
    troubled = {channel.name for channel in failing(channels)}
    for channel in channels:
        if channel.failed_test is not None and channel.name not in troubled:
            name, why = text_of(channel.name), text_of(channel.failed_test)
            text = f"the last test of channel {name} failed: {why}"
            yield from wrapped(text, indent="", paint=invocation.paint, style="medium")
            yield f"once that is corrected: trueup channel test {name}"


def _lost(invocation: Invocation, channel: wire.Channel) -> tuple[str, str]:
    name = text_of(channel.name)
    first = f", the first {invocation.ago(channel.lost_since)}" if channel.lost_since else ""
    lost = f"{counted(channel.lost, 'message')} given up{first}"
    waits = f", {counted(channel.waiting, 'alert')} not shown yet" if channel.waiting else ""
    return (
        f"CHANNEL {name} SHOWS NO ALERTS: {lost}{waits}: {text_of(channel.error or '')}",
        f"once that is corrected: trueup channel test {name}",
    )


def _fails(invocation: Invocation, channel: wire.Channel) -> tuple[str, str]:
    name = text_of(channel.name)
    again = f"tried again {invocation.ahead(channel.tried_again_at)}"
    now = f"to try it now: trueup channel test {name}"
    if not channel.failing:
        why = "" if channel.failed_test is None else f": {text_of(channel.failed_test)}"
        return f"channel {name} is paused after a failure; {again}{why}", now
    since = f", the first {invocation.ago(channel.failing_since)}" if channel.failing_since else ""
    failed = f"{counted(channel.failing, 'message')} not taken{since}"
    return f"channel {name} fails: {failed}; {again}: {text_of(channel.error or '')}", now
