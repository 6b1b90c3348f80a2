"""From a channel's `url` to what speaks with it.

`https://HOST/PATH`, `slack://TOKEN/ROOM` and `pagerduty://ROUTING_KEY?region=us|eu`;
`slack+http://TOKEN@HOST:PORT/ROOM` and `pagerduty+http://KEY@HOST:PORT` go to a relay on this host.
Mail: see `mail_addresses`; trackers of tickets: `ticket_addresses`. With `by_apprise` the address
is Apprise's.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from reconciler.domain.alerts import DEFAULT_EVENTS, REVIEW_EVENTS
from reconciler.domain.channel_schemes import MAIL
from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.domain.slack_buttons import SlackButtons
from reconciler.notify.apprise import open_apprise
from reconciler.notify.email import Mail
from reconciler.notify.http import Poster
from reconciler.notify.mail_addresses import server_of
from reconciler.notify.other_services import other_service
from reconciler.notify.pagerduty import PagerDuty
from reconciler.notify.query_keys import problem_of_keys
from reconciler.notify.slack import Slack
from reconciler.notify.teams import Teams
from reconciler.notify.ticket_addresses import TRACKERS, open_tracker
from reconciler.notify.tickets import MOST_OPEN, Tickets
from reconciler.notify.webhook import Webhook, key_of
from reconciler.ports import Notifier

_SLACK: Final = "https://slack.com"
_PAGERDUTY: Final = {
    "us": "https://events.pagerduty.com",
    "eu": "https://events.eu.pagerduty.com",
}
"""By service region, where events are sent (support.pagerduty.com, "Service Regions")."""
_KNOWN: Final = (
    "https://, slack://, pagerduty://, smtp://, msteams://, github://, gitlab://, jira:// or"
    " servicenow://"
)
_ESCAPED: Final = "in a password or a room, # is written %23, / is %2F and ? is %3F"


@dataclass(frozen=True, slots=True)
class ChannelAddress:
    """What `[[channel]]` says of where a channel is."""

    name: str
    url: str = field(repr=False)
    secret: str | None = field(default=None, repr=False)
    former_secret: str | None = field(default=None, repr=False)
    most_open: int = MOST_OPEN
    buttons: SlackButtons | None = None
    by_apprise: bool = False

    @property
    def default_events(self) -> frozenset[str]:
        """Which events open an alert on it, where its section does not say."""
        return REVIEW_EVENTS if self.is_tracker else DEFAULT_EVENTS

    @property
    def takes_several(self) -> bool:
        """Whether a message may be of several alerts at once, or of none."""
        return self._kind not in (*TRACKERS, "pagerduty")

    @property
    def has_buttons(self) -> bool:
        """Whether decisions can be made on it."""
        return self._kind == "slack"

    @property
    def host(self) -> str:
        """The host that is written in it; empty where a service's own is meant."""
        if self._kind in ("apprise", "slack", "pagerduty"):
            return ""
        return urlsplit(self.url).hostname or ""

    @property
    def is_tracker(self) -> bool:
        """Whether its messages are tickets."""
        return self._kind in TRACKERS

    @property
    def is_signed(self) -> bool:
        """Whether a secret signs its messages."""
        return self._kind in ("https", "http")

    @property
    def ends_with_words(self) -> bool:
        """Whether the end of an alert has a text."""
        return self._kind != "pagerduty"

    @property
    def _kind(self) -> str:
        if self.by_apprise:
            return "apprise"
        return self.url.partition("://")[0].lower().removesuffix("+http")


def open_channel(channel: ChannelAddress) -> Notifier:
    """Return what speaks with the channel. Nothing is sent, and nothing is connected yet.

    Raises:
        PermanentError: the address says too little, or is of no kind that is known here.
        RetryableError: Apprise could not be asked about its address.
    """
    if channel.by_apprise:
        return open_apprise(channel.name, channel.url)
    try:
        parts = urlsplit(channel.url)
        parts.port  # noqa: B018 - it is read only here
    except ValueError:
        raise _refused(channel, "is no address", f"write {_KNOWN}; {_ESCAPED}") from None
    match parts.scheme:
        case "https" | "http":
            return _webhook(channel, parts)
        case "slack" | "slack+http":
            return _slack(channel, parts)
        case "pagerduty" | "pagerduty+http":
            return _pagerduty(channel, parts)
        case "msteams" | "msteams+http":
            return _teams(channel, parts)
        case scheme if scheme.removesuffix("+http") in TRACKERS:
            return Tickets(open_tracker(channel.name, parts), most_open=channel.most_open)
        case scheme if scheme in MAIL:
            return Mail(channel.name, server_of(channel.name, parts))
        case scheme:
            raise _refused(
                channel,
                f"begins with {scheme[:20]}://",
                f'write {_KNOWN}; or set kind = "apprise" for a service of Apprise',
            )


def _webhook(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    if not parts.hostname:
        raise _refused(channel, "names no host", "write https://HOST/PATH")
    other = other_service(parts.hostname)
    if other is not None:
        raise _refused(channel, f"is an address of {other[0]}", other[1])
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise _refused(channel, "sends what drifted over the network unencrypted", "write https://")
    keys = [
        _key(channel, key, secret)
        for key, secret in (("secret", channel.secret), ("former_secret", channel.former_secret))
        if secret is not None
    ]
    return Webhook(Poster(channel.name, channel.url), keys, now=time.time)


def _key(channel: ChannelAddress, name: str, secret: str) -> bytes:
    try:
        return key_of(secret)
    except InvalidError as error:
        # Not the secret itself.
        said = f"the `{name}` of channel {channel.name} {error}"
        raise PermanentError(said, remedy=error.remedy) from None


def _teams(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    if not parts.hostname or not parts.path.strip("/"):
        raise _refused(channel, "names no workflow", "write its address with msteams:// in front")
    if parts.scheme == "msteams":
        return Teams(Poster(channel.name, parts._replace(scheme="https").geturl()))
    if not is_loopback(parts.hostname):
        raise _refused(
            channel, "sends its key over the network unencrypted", "name a relay on this host"
        )
    return Teams(Poster(channel.name, parts._replace(scheme="http").geturl()))


def _slack(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    room = unquote(parts.path.strip("/"))
    _check_keys(channel, parts, frozenset())
    key, base = _key_and_base(channel, parts, _SLACK)
    if not key or not room or "/" in room:
        raise _refused(
            channel,
            "names no token or no room",
            "write slack://TOKEN/ROOM, such as %23ops for #ops",
        )
    return Slack(Poster(channel.name, base), key, room, channel.buttons)


def _pagerduty(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    relayed = parts.scheme.endswith("+http")
    _check_keys(channel, parts, frozenset() if relayed else {"region"})
    region = parse_qs(parts.query).get("region", ["us"])[-1]
    if region not in _PAGERDUTY:
        raise _refused(channel, "has another `region`", f"write one of {', '.join(_PAGERDUTY)}")
    key, base = _key_and_base(channel, parts, _PAGERDUTY[region])
    if not key:
        raise _refused(channel, "names no routing key", "write pagerduty://ROUTING_KEY")
    if parts.path.strip("/") or parts.fragment:
        raise _refused(channel, "has a path behind its key", "write pagerduty://ROUTING_KEY")
    return PagerDuty(Poster(channel.name, base), key)


def _check_keys(channel: ChannelAddress, parts: SplitResult, valid: Collection[str]) -> None:
    problem = problem_of_keys(parts, valid, has_password=False)
    if problem is not None:
        raise _refused(channel, problem, f"write {', '.join(sorted(valid)) or 'no key'} behind `?`")


def _key_and_base(channel: ChannelAddress, parts: SplitResult, base: str) -> tuple[str | None, str]:
    """Return the key and where to send: the service, or a relay on this host."""
    if not parts.scheme.endswith("+http"):
        # Not `hostname`: that is in lower case, and keys are not.
        return unquote(parts.netloc), base
    if not is_loopback(parts.hostname or ""):
        raise _refused(
            channel, "sends its key over the network unencrypted", "name a relay on this host"
        )
    return unquote(parts.username or ""), f"http://{parts.netloc.rpartition('@')[2]}"


def _refused(channel: ChannelAddress, problem: str, remedy: str) -> PermanentError:
    # Not the address itself: it may hold a password.
    return PermanentError(f"the `url` of channel {channel.name} {problem}", remedy=remedy)
