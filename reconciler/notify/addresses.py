"""From a channel's `url` to what speaks with it.

`https://HOST/PATH`, `slack://TOKEN/ROOM`, `pagerduty://ROUTING_KEY`, and
`smtp://USER:PASSWORD@HOST:PORT?from=A&to=B&tls=starttls|tls|none&ca_file=F` (`mailto://` is the
same). `slack+http://TOKEN@HOST:PORT/ROOM` and `pagerduty+http://KEY@HOST:PORT` go to a relay on
this host. Trackers of tickets: see `ticket_addresses`. With `by_apprise` the address is Apprise's.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from reconciler.domain.alerts import DEFAULT_EVENTS, REVIEW_EVENTS
from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.loopback import is_loopback
from reconciler.domain.slack_buttons import SlackButtons
from reconciler.notify.apprise import open_apprise
from reconciler.notify.email import Mail
from reconciler.notify.http import Poster
from reconciler.notify.mail_line import MailServer
from reconciler.notify.pagerduty import PagerDuty
from reconciler.notify.query_keys import problem_of_keys
from reconciler.notify.slack import Slack
from reconciler.notify.teams import Teams
from reconciler.notify.ticket_addresses import TRACKERS, open_tracker
from reconciler.notify.tickets import MOST_OPEN, Tickets
from reconciler.notify.webhook import Webhook, key_of
from reconciler.ports import Notifier

_SLACK: Final = "https://slack.com"
_PAGERDUTY: Final = "https://events.pagerduty.com"
_SMTP: Final = ("smtp", "smtps", "mailto", "mailtos")
_TLS: Final = ("starttls", "tls", "none")
_OF_MAIL: Final = frozenset({"from", "to", "tls", "ca_file"})
_SUBMISSION, _SMTPS = 587, 465
_KNOWN: Final = (
    "https://, slack://, pagerduty://, smtp://, msteams://, github://, gitlab://, jira:// or"
    " servicenow://"
)


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
        raise _refused(channel, "is no address", f"write {_KNOWN}") from None
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
        case scheme if scheme in _SMTP:
            return _mail(channel, parts)
        case scheme:
            raise _refused(
                channel,
                f"begins with {scheme[:20]}://",
                f'write {_KNOWN}; or set kind = "apprise" for a service of Apprise',
            )


def _webhook(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    if not parts.hostname:
        raise _refused(channel, "names no host", "write https://HOST/PATH")
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
    key, base = _key_and_base(channel, parts, _SLACK)
    if not key or not room:
        raise _refused(channel, "names no token or no room", "write slack://TOKEN/ROOM")
    return Slack(Poster(channel.name, base), key, room, channel.buttons)


def _pagerduty(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    key, base = _key_and_base(channel, parts, _PAGERDUTY)
    if not key:
        raise _refused(channel, "names no routing key", "write pagerduty://ROUTING_KEY")
    return PagerDuty(Poster(channel.name, base), key)


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


def _mail(channel: ChannelAddress, parts: SplitResult) -> Notifier:
    asked = parse_qs(parts.query)
    problem = problem_of_keys(parts, _OF_MAIL)
    if problem is not None:
        raise _refused(channel, problem, f"write {', '.join(sorted(_OF_MAIL))} alone")
    sender, recipients = _addresses(asked, "from"), _addresses(asked, "to")
    if not parts.hostname or len(sender) != 1 or not recipients:
        raise _refused(
            channel,
            "names no server, no sender or nobody to write to",
            "write smtp://USER:PASSWORD@HOST:587?from=trueup@example.com&to=ops@example.com",
        )
    of_scheme = "tls" if parts.scheme in ("smtps", "mailtos") else "starttls"
    tls = asked.get("tls", [of_scheme])[-1]
    if tls not in _TLS:
        raise _refused(channel, "has another `tls`", f"write one of {', '.join(_TLS)}")
    if tls == "none" and not is_loopback(parts.hostname):
        raise _refused(
            channel, "sends mail over the network unencrypted", "leave `tls` away, or write tls"
        )
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    if user and not password:
        raise _refused(channel, "names a user and no password", "write smtp://USER:PASSWORD@HOST")
    ca_file = asked.get("ca_file", [None])[-1]
    if ca_file is not None and not Path(ca_file).is_file():
        raise _refused(channel, "names a `ca_file` that is not there", "correct its path")
    if not (user + password).isascii():
        # smtplib raises UnicodeEncodeError at each login instead.
        raise _refused(
            channel,
            "has a user or a password with letters beyond ASCII",
            "give trueup a user of its own, with an ASCII password",
        )
    server = MailServer(
        host=parts.hostname,
        port=parts.port or (_SMTPS if tls == "tls" else _SUBMISSION),
        sender=sender[0],
        recipients=recipients,
        user=user or None,
        password=password or None,
        tls=tls,
        ca_file=ca_file,
    )
    return Mail(channel.name, server)


def _addresses(asked: Mapping[str, list[str]], key: str) -> list[str]:
    named = [address.strip() for value in asked.get(key, ()) for address in value.split(",")]
    return [address for address in named if "@" in address and not set(address) & set("\r\n<>")]


def _refused(channel: ChannelAddress, problem: str, remedy: str) -> PermanentError:
    # Not the address itself: it may hold a password.
    return PermanentError(f"the `url` of channel {channel.name} {problem}", remedy=remedy)
