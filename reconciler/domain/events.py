"""Everything the live stream tells: each type of event with its body, in one table.

`docs/events.md` prints the table, metrics count by it, channels name types of it, and a client
decodes by it. Bodies hold words and plain values, so that they are the same on both sides.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Final, Literal, TypeAlias

from reconciler.domain.errors import InvalidError
from reconciler.domain.model import Counts, ProviderDoubt
from reconciler.domain.remediation_states import RemediationState

Level = Literal["debug", "info", "warning"]


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftSeen:
    """A finding as it is now."""

    id: str
    stack: str
    address: str
    type: str
    kind: str
    severity: str
    score: int
    state: str
    report_id: str
    seen_by: str | None = None
    severity_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RemediationMoved:
    """A remediation as it is now, and the `cause` that moved it on from `previous_state`.

    `guard` is the guard that kept it from going on, if one did. At `next_at` it is looked at again,
    or its time to be approved ends.
    """

    id: str
    stack: str
    state: str
    action_type: str
    finding_ids: list[str]
    plan_digest: str | None
    run_id: str | None
    note: str | None
    previous_state: str | None = None
    cause: str | None = None
    guard: str | None = None
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineMoved:
    """A quarantine as it is now; `id` is the remediation that isolates, `release` what ends it."""

    id: str
    stack: str
    state: str
    finding_ids: list[str]
    edges: list[str]
    isolates: list[str]
    expires_at: datetime
    release: str | None
    note: str | None
    driver: str = "detach"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunMoved:
    """A run as it is now; `progress` is the step of each resource, by address."""

    id: str
    remediation_id: str
    stack: str
    state: str
    summary: str | None
    exit_code: int | None
    progress: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RunProgressed(RunMoved):
    """A run that gets on: `progress` holds only the steps that are new, `lines` the last output."""

    lines: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackScanned:
    """A stack after a scan; `error` is that of the scan if it failed."""

    stack: str
    health: str
    counts: Counts | None
    verified_at: datetime | None
    error: str | None
    provider_doubts: list[ProviderDoubt] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class StackFailed:
    """Why a stack could not be scanned."""

    stack: str
    error: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StackChanged:
    """A stack that was `registered`, `updated` or `removed`, as `change` says."""

    stack: str
    directory: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChanged:
    """A policy that was `created`, `updated` or `deleted`, as `change` says."""

    policy_id: str
    name: str
    action_type: str
    version: int
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateChanged:
    """One uploaded template (`template_id`, `revision`, `change`), or those a `stack` declares."""

    sparse: ClassVar[bool] = True

    template_id: str | None = None
    revision: int | None = None
    change: str | None = None
    stack: str | None = None
    changed: int | None = None
    removed: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentChanged:
    """What became of the agent of a host: enrolled, revoked, cloned, begun_anew or gap."""

    agent_id: str
    host: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelFailed:
    """Why a channel did not show an alert; with `given_up` nothing more is tried."""

    channel: str
    alert_id: str
    error: str
    given_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelChanged:
    """A channel with lost messages that `recovered`, or was `removed`, as `change` says."""

    channel: str
    change: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldSet:
    """Who set a hold, why, and until when: on one resource, one stack or everything.

    With `unasked` it is the breaker, which holds what no person approved.
    """

    by: str
    reason: str
    since: datetime
    until: datetime | None
    stack: str | None = None
    address: str | None = None
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldReleased:
    """Who released which hold."""

    by: str
    stack: str | None = None
    address: str | None = None
    unasked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsReloaded:
    """Which settings changed: in force now, or not before a restart."""

    taken: list[str]
    needs_restart: list[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRefused:
    """Why new settings were not taken in; those before stay in force."""

    reason: str
    remedy: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reset:
    """More was missed than is kept: read the lists anew, then go on after `newest`."""

    oldest: int
    newest: int


Body: TypeAlias = (
    DriftSeen
    | RemediationMoved
    | QuarantineMoved
    | RunMoved
    | RunProgressed
    | StackScanned
    | StackFailed
    | StackChanged
    | PolicyChanged
    | TemplateChanged
    | AgentChanged
    | ChannelFailed
    | ChannelChanged
    | HoldSet
    | HoldReleased
    | SettingsReloaded
    | SettingsRefused
)


@dataclass(frozen=True, slots=True)
class EventType:
    """One row: what its subject's id is of, what is told, and how loud the log says it."""

    name: str
    body: type[Body]
    subject: str
    meaning: str
    level: Level = "info"


_STATES: Final[Mapping[RemediationState, tuple[str, Level]]] = {
    RemediationState.DETECTED: ("drift asks for a remediation, and must be seen once more", "info"),
    RemediationState.CONFIRMED: ("the drift was seen again", "info"),
    RemediationState.DECIDED: ("policies were asked about it", "info"),
    RemediationState.AWAITING_APPROVAL: ("its plan waits for a person", "info"),
    RemediationState.QUEUED: ("it waits for its turn", "info"),
    RemediationState.PLANNING: ("the tool makes its plan", "info"),
    RemediationState.APPLYING: ("the tool applies its plan", "info"),
    RemediationState.VERIFYING: ("the apply ended; its resources are read again", "info"),
    RemediationState.HELD: (
        "a guard keeps it from beginning; `note` says which, `next_at` when it is looked at again",
        "info",
    ),
    RemediationState.UNKNOWN: (
        "how its apply ended is not known; its resources are read",
        "warning",
    ),
    RemediationState.NEEDS_HUMAN: ("only a person can move it on; `note` says why", "warning"),
    RemediationState.CONVERGED: ("the drift is gone", "info"),
    RemediationState.SUPPRESSED: (
        "a person ignores its findings until they change or for a time",
        "info",
    ),
    RemediationState.SUPERSEDED: ("the drift changed, so it ended", "info"),
    RemediationState.REJECTED: ("a person rejected its plan", "info"),
    RemediationState.EXPIRED: ("nobody approved its plan in time", "info"),
    RemediationState.CANCELLED: ("it was cancelled", "info"),
    RemediationState.FAILED: ("it was given up", "warning"),
}
REMEDIATION: Final = "remediation."
DRIFT_DETECTED: Final = "drift.detected"
DRIFT_ACKNOWLEDGED: Final = "drift.acknowledged"
DRIFT_IGNORED: Final = "drift.ignored"
RUN_ENDED: Final = "run.ended"
STACK_SCANNED: Final = "stack.scanned"
STACK_ERROR: Final = "stack.error"
CHANNEL_FAILED: Final = "channel.failed"
CHANNEL_CHANGED: Final = "channel.changed"
SETTINGS_RELOADED: Final = "settings.reloaded"
SETTINGS_REFUSED: Final = "settings.refused"
RESET: Final = "reset"
"""The one type that is no row: the stream itself makes it for one client."""

_ROWS: Final = (
    EventType(DRIFT_DETECTED, DriftSeen, "finding", "drift was found", "debug"),
    EventType("drift.changed", DriftSeen, "finding", "known drift shows other values", "debug"),
    EventType("drift.healed", DriftSeen, "finding", "drift is gone", "debug"),
    EventType("drift.reopened", DriftSeen, "finding", "suppressed drift is open again", "debug"),
    EventType(DRIFT_ACKNOWLEDGED, DriftSeen, "finding", "a person takes care of it"),
    EventType(DRIFT_IGNORED, DriftSeen, "finding", "a person or a rule ignores it", "debug"),
    *(
        EventType(f"{REMEDIATION}{state}", RemediationMoved, "remediation", meaning, level)
        for state, (meaning, level) in _STATES.items()
    ),
    EventType(
        "quarantine.begun",
        QuarantineMoved,
        "remediation",
        "what undoes a quarantine is stored, and it is about to isolate",
    ),
    EventType("quarantine.active", QuarantineMoved, "remediation", "a resource is isolated"),
    EventType(
        "quarantine.reconnected",
        QuarantineMoved,
        "remediation",
        "an apply of somebody else connected an isolated resource again, or a swapped one left the"
        " state",
        "warning",
    ),
    EventType(
        "quarantine.released",
        QuarantineMoved,
        "remediation",
        "an isolated resource is connected again",
    ),
    EventType("run.started", RunMoved, "run", "an apply begins"),
    EventType("run.progress", RunProgressed, "run", "an apply gets on", "debug"),
    EventType(RUN_ENDED, RunMoved, "run", "an apply ended; `state` says how"),
    EventType(STACK_SCANNED, StackScanned, "stack", "a scan of a stack ended", "debug"),
    EventType(STACK_ERROR, StackFailed, "stack", "a stack could not be scanned", "warning"),
    EventType("stack.changed", StackChanged, "stack", "the list of stacks changed"),
    EventType("policy.changed", PolicyChanged, "policy", "a policy changed"),
    EventType("template.changed", TemplateChanged, "template", "templates changed", "debug"),
    EventType("agent.changed", AgentChanged, "agent", "an agent of a host changed"),
    EventType(
        CHANNEL_FAILED, ChannelFailed, "channel", "a channel could not show an alert", "warning"
    ),
    EventType(
        CHANNEL_CHANGED,
        ChannelChanged,
        "channel",
        "a channel that had given messages up took one again, or is not configured any more",
    ),
    EventType("hold.set", HoldSet, "hold", "a hold was set", "warning"),
    EventType("hold.released", HoldReleased, "hold", "a hold was released"),
    EventType(SETTINGS_RELOADED, SettingsReloaded, "file", "trueup.toml was read anew"),
    EventType(
        SETTINGS_REFUSED, SettingsRefused, "file", "a changed trueup.toml was refused", "warning"
    ),
)
CATALOGUE: Final[Mapping[str, EventType]] = {row.name: row for row in _ROWS}


def named_by(words: Iterable[str]) -> frozenset[str]:
    """Return the types that `words` name: each a type, or the beginning of some up to a dot.

    Raises:
        InvalidError: a word names none; it says the nearest one.
    """
    found: set[str] = set()
    for word in words:
        of_word = {name for name in CATALOGUE if name == word or _begins(name, word)}
        if not of_word:
            raise InvalidError(f"there is no event {word!r}", remedy=_nearest(word))
        found |= of_word
    return frozenset(found)


def _begins(name: str, word: str) -> bool:
    beginning = word.removesuffix("*")
    return beginning.endswith(".") and name.startswith(beginning)


def _nearest(word: str) -> str:
    whole = f"{word}."
    near = [whole] if any(_begins(name, whole) for name in CATALOGUE) else None
    near = near or difflib.get_close_matches(word, CATALOGUE, n=1)
    return f"did you mean {near[0]!r}?" if near else "docs/events.md lists them"


_ID_NAMES: Final[Mapping[type[Body], str]] = {
    DriftSeen: "finding",
    RemediationMoved: "remediation",
    QuarantineMoved: "remediation",
    RunMoved: "run",
    RunProgressed: "run",
}
_TOLD: Final = (
    *("state", "previous_state", "cause", "note", "plan_digest", "summary", "error"),
    *("health", "policy_id", "template_id", "change", "by", "reason", "exit_code"),
    *("guard", "taken", "needs_restart", "remedy", "channel", "given_up"),
)
_OTHER_IDS: Final = {
    "stack": "stack_name",
    "run_id": "run",
    "remediation_id": "remediation",
    "finding_ids": "findings",
}


def log_line(body: Body) -> dict[str, object]:
    """Return what a log says of an event: every id under the name of what it is of."""
    said: dict[str, object] = {}
    if type(body) in _ID_NAMES:
        said[_ID_NAMES[type(body)]] = getattr(body, "id")  # noqa: B009 - only some have one
    names = {**_OTHER_IDS, **{name: name for name in _TOLD}}
    values = ((label, getattr(body, name, None)) for name, label in names.items())
    return {**said, **{label: value for label, value in values if value is not None}}
