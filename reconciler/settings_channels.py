"""`[[channel]]` of `trueup.toml`: where alerts are shown."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Annotated, Final, Literal

from reconciler.checked_values import ExistingFile, Name, PlacedPath
from reconciler.domain.alerts import alerting_events
from reconciler.domain.channel_schemes import SCHEMES, SPOKEN
from reconciler.domain.errors import InvalidError
from reconciler.domain.notice_links import check_link
from reconciler.field_rules import Checked, Reading, Rule, Section
from reconciler.settings_values import Span
from reconciler.settings_windows import WindowText
from reconciler.wire.rules import SeverityWord


def _has_scheme(url: str) -> str:
    if "://" not in url:
        # Without `://`, which is taken for an address and masked.
        message = f"an address begins with how it is reached: {SPOKEN}"
        raise ValueError(message)
    return url


def _may_be_read(url: str, reading: Reading) -> str:
    if reading.data.get("kind") == "apprise":
        message = (
            "an address of kind apprise holds keys: write it into a private file that"
            " `url_file` names, or into a variable that `url_env` names"
        )
        raise ValueError(message)
    scheme = url.partition("://")[0].strip()
    if reading.data.get("kind") is None and scheme.lower() not in SCHEMES:
        # What is no scheme may hold a password.
        shown = f" {scheme[:20]!r}" if scheme.isalnum() else " this"
        message = (
            f"an address cannot begin with{shown}: write {SPOKEN};"
            ' or set kind = "apprise" for a service of Apprise'
        )
        raise ValueError(message)
    return url


def _are_events(words: tuple[str, ...]) -> tuple[str, ...]:
    try:
        alerting_events(words)
    except InvalidError as error:
        message = f"{error}; {error.remedy}"
        raise ValueError(message) from error
    return words


def _is_link(template: str) -> str:
    try:
        return check_link(template)
    except InvalidError as error:
        message = f"{error}; {error.remedy}"
        raise ValueError(message) from error


def _is_no_moment(span: timedelta) -> timedelta:
    if span < _SHORTEST:
        message = "at least 1m is expected"
        raise ValueError(message)
    return span


_SHORTEST: Final = timedelta(minutes=1)
Repeated = Annotated[Span, Rule(check=_is_no_moment)]


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSettings(Section):
    """`[channel.templates]`: a Jinja2 file a message event; without one the built-in text."""

    opened: ExistingFile | None = None
    changed: ExistingFile | None = None
    """Where it is not given, `opened` is of a change as well."""
    resolved: ExistingFile | None = None
    digest: ExistingFile | None = None
    heartbeat: ExistingFile | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelSettings(Section):
    """One `[[channel]]`; its address may hold a password, so it never prints."""

    name: Name
    kind: Literal["apprise"] | None = None
    """Who speaks to the address, where its scheme does not say."""
    url: Annotated[str, Rule(check=_has_scheme), Checked(_may_be_read)] | None = field(
        default=None, repr=False
    )
    url_env: Annotated[str, Rule({"min_length": 1})] | None = None
    """The variable of the daemon's environment that holds the address, instead of `url`."""
    url_file: PlacedPath | None = None
    """The private file that holds it, instead of `url`."""
    secret: str | None = field(default=None, repr=False)
    former_secret: str | None = field(default=None, repr=False)
    """Signs as well, until the receiver knows `secret`."""
    events: Annotated[tuple[str, ...], Rule(check=_are_events)] = ()
    min_severity: SeverityWord = "low"
    stacks: tuple[Annotated[str, Rule({"min_length": 1})], ...] = ()
    group_wait: Span = timedelta(seconds=10)
    update_every: Span = timedelta(minutes=1)
    after: Span = timedelta()
    digest: Repeated | None = None
    quiet: tuple[WindowText, ...] = ()
    heartbeat: Repeated | None = None
    link: Annotated[str, Rule(check=_is_link)] | None = None
    """The address that messages of an open alert end with: of a console, or of a runbook."""
    signing_secret: str | None = field(default=None, repr=False)
    """Slack's, of the app that the buttons belong to; without it there are none."""
    approvers: dict[str, str] = field(default_factory=dict)
    """By Slack's user id, the name of the token that somebody decides with."""
    most_open: Annotated[int, Rule({"ge": 1, "le": 400})] | None = None
    """How many tickets may be open at a time, where it is a tracker of tickets."""
    templates: TemplateSettings | None = None
    """What its messages say, instead of the built-in text."""

    def __post_init__(self) -> None:
        """Refuse an address at no place or at several."""
        given = [key for key in ("url", "url_env", "url_file") if getattr(self, key) is not None]
        if len(given) != 1:
            found = " and ".join(f"`{key}`" for key in given) or "no address"
            message = f"{found}: set one of `url`, `url_env` and `url_file`"
            raise ValueError(message)
