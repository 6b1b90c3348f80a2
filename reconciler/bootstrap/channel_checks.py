"""Keys of `[[channel]]` that could never have an effect are refused, not passed over. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from reconciler.domain.alerts import STACK_EVENTS, alerting_events
from reconciler.domain.errors import PermanentError
from reconciler.domain.windows import Weekly, closed_at
from reconciler.notify.addresses import ChannelAddress
from reconciler.notify.forbidden import refuse_literal
from reconciler.settings_channels import ChannelSettings

_SOME_WEEK: Final = datetime(2026, 1, 5, tzinfo=UTC)
_Problem = tuple[str, str]


def refuse_useless(channel: ChannelSettings, address: ChannelAddress) -> None:
    """Return where each key of the section can have an effect on a channel of its kind.

    Raises:
        PermanentError: one cannot; it names the channel and the key.
    """
    for problem, remedy in (
        *_of_kind(channel, address),
        *_of_templates(channel, address),
        *_of_times(channel),
        *_of_severity(channel, address),
    ):
        raise PermanentError(f"channel {channel.name} {problem}", remedy=remedy)


def refuse_unreachable(address: ChannelAddress) -> None:
    """Return unless it names a host that no message is sent to. No name is asked for.

    Raises:
        PermanentError: it does.
    """
    refuse_literal(address.name, address.host)


def _of_kind(channel: ChannelSettings, address: ChannelAddress) -> Iterator[_Problem]:
    if not address.takes_several and (channel.digest or channel.heartbeat):
        yield (
            "takes no `digest` and no `heartbeat`: nothing would end the incident or the ticket",
            "send these to a chat room, a mail address or a webhook",
        )
    if (channel.signing_secret or channel.approvers) and not address.has_buttons:
        yield (
            "has `signing_secret` or `approvers`, and no buttons: it is not Slack",
            "remove them",
        )
    if bool(channel.signing_secret) != bool(channel.approvers):
        yield "needs both `signing_secret` and `approvers` for its buttons", "give both, or neither"
    if channel.secret is not None and not address.is_signed:
        yield (
            "has a `secret`, and no messages that it could sign",
            "remove it; `secret` is of an https:// channel",
        )
    if channel.former_secret is not None and channel.former_secret == channel.secret:
        yield "has one secret as `secret` and as `former_secret`", "remove `former_secret`"
    if channel.former_secret is not None and channel.secret is None:
        yield (
            "has a `former_secret`, and no `secret` that follows it",
            "name it `secret`, or give both",
        )
    if channel.most_open is not None and not address.is_tracker:
        yield "has `most_open`, and opens no tickets", "remove `most_open`"


def _of_templates(channel: ChannelSettings, address: ChannelAddress) -> Iterator[_Problem]:
    templates = channel.templates
    if templates is None:
        return
    for key in ("digest", "heartbeat"):
        if getattr(templates, key) is not None and getattr(channel, key) is None:
            yield (
                f"has a template for its {key}, and sends none",
                f"set `{key}` of the channel, or remove the template",
            )
    if templates.resolved is not None and not address.ends_with_words:
        yield (
            "has a template for `resolved`, which PagerDuty shows no text of",
            "remove the template",
        )


def _of_severity(channel: ChannelSettings, address: ChannelAddress) -> Iterator[_Problem]:
    """Yield what never meets `min_severity`: the severity of an alert rises, and never falls."""
    if channel.min_severity != "critical":
        return
    if alerting_events(channel.events, default=address.default_events) <= STACK_EVENTS:
        yield (
            "asks for stacks that cannot be verified, which are high, and only for critical alerts",
            'set min_severity = "high", or name other `events`',
        )
    for key, use in (("digest", channel.digest), ("quiet", channel.quiet)):
        if use and not (key == "quiet" and channel.heartbeat):
            yield (
                f"has `{key}`, and shows only what is critical, which waits for neither",
                f"remove `{key}`, or lower `min_severity`",
            )


def _of_times(channel: ChannelSettings) -> Iterator[_Problem]:
    weekly = [window for window in channel.quiet if isinstance(window, Weekly)]
    closed = closed_at(_SOME_WEEK, freezes=weekly)
    if closed is not None and closed.until is None:
        yield (
            "is quiet all week, so nothing below critical would ever be shown",
            'leave some time out of `quiet`, or set min_severity = "critical" instead',
        )
