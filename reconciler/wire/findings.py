"""Findings on the wire: the object of `scan --json`, and its life so far."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import field
from typing import TYPE_CHECKING, Any, Final, Literal

from orjson import Fragment

from reconciler.wire import mapping
from reconciler.wire.alerts import Ticket
from reconciler.wire.comparisons import Comparison
from reconciler.wire.kept import KeptObject, spliced
from reconciler.wire.model import Wire, model
from reconciler.wire.rules import KindWord, OriginWord, SeenBy, SeverityWord, Time
from reconciler.wire.times import moment, timestamp

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records
    from reconciler.domain.records import FindingRecord, Json

Object = dict[str, Any]


@model
class Source(Wire):
    """Where a block is declared."""

    file: str
    line: int


@model
class Change(Wire):
    """One attribute: declared, recorded and live.

    `comparison` is given of one finding, and not in lists, where a value has an inside.
    """

    path: str
    declared: Any = None
    recorded: Any = None
    live: Any = None
    origin: OriginWord | None
    sensitive: bool
    forces_replacement: bool = False
    comparison: Comparison | None = None


@model
class DriftDecision(Wire):
    """What stands about exactly this drift, until it changes or `until` has passed.

    `by` is the person, `rule` the rule of `trueup.toml` that ignores it. Where the finding itself
    was ignored, `remediation_id` is empty.
    """

    remediation_id: str
    state: str
    by: str | None
    reason: str | None
    until: Time | None = None
    rule: str | None = None


@model
class Finding(Wire):
    """One drift of one resource over time."""

    id: str
    stack: str
    address: str
    type: str
    kind: KindWord
    severity: SeverityWord
    severity_reason: str | None = None
    score: int
    origin: OriginWord | None
    requires_replace: bool = False
    fingerprint: str
    source: Source | None = None
    changes: list[Change] = field(default_factory=list)
    consequences: list[Change] = field(default_factory=list)
    consequence_of: str | None = None
    reason: str | None = None
    provider: str = ""
    parent: str | None = None
    added_as: list[str] = field(default_factory=list)
    host: str = ""
    """The host that it is about, where an agent is what saw it."""
    host_groups: list[str] = field(default_factory=list)
    account: str = ""
    """The account, subscription or project that the resource says it is in; empty: it says none."""
    region: str = ""
    actor: str | None = None
    """Who caused it, where the source that reported it says so."""
    state: Literal["open", "healed", "ignored", "quarantined"]
    first_seen: Time
    last_seen: Time
    times_seen: int
    resource_id: str
    template_id: str | None
    report_id: str
    acted_on: bool
    healed_at: Time | None
    seen_by: SeenBy
    decision: DriftDecision | None = None
    tickets: list[Ticket] = field(default_factory=list)
    """Given of one finding, and not in lists."""


def source_words(finding: Finding) -> str:
    """Return who saw it: an agent by the name of its host, where that is known."""
    kind, _, _ = finding.seen_by.partition(":")
    by_host = finding.host and kind in {"agent", "watch"}
    return f"{kind}:{finding.host}" if by_host else finding.seen_by


def finding_record_object(finding: FindingRecord) -> Object:
    """Return a finding: the object of `scan --json`, and its life so far.

    The record's own columns win over what the details say of the same thing.
    """
    return {**finding.details, **_own_columns(finding)}


def finding_record_json(finding: FindingRecord) -> Object | Fragment:
    """Return the same for `json_bytes` alone, details unread where they were kept for it."""
    details = finding.details
    tail = details.tail if isinstance(details, KeptObject) else None
    if tail is None:
        return finding_record_object(finding)
    return spliced(_own_columns(finding), tail)


def finding_details(details: Json, text: Callable[[Json], str]) -> KeptObject:
    """Return `details` in the order in which `finding_record_json` need not read them."""
    if isinstance(details, KeptObject) and details.tail is not None:
        return details
    own = {key: value for key, value in details.items() if key in FINDING_COLUMNS}
    rest = {key: value for key, value in details.items() if key not in FINDING_COLUMNS}
    return KeptObject.of_two(text(own), text(rest))


def _own_columns(finding: FindingRecord) -> Object:
    return {
        "id": finding.id,
        "stack": finding.stack,
        "address": finding.address,
        "type": finding.type,
        "kind": finding.kind.value,
        "severity": finding.severity.word,
        "score": finding.score,
        "origin": finding.origin.value if finding.origin else None,
        "fingerprint": finding.fingerprint,
        "state": finding.state.value,
        "first_seen": timestamp(finding.first_seen),
        "last_seen": timestamp(finding.last_seen),
        "times_seen": finding.times_seen,
        "resource_id": f"{finding.stack}/{finding.address}",
        "template_id": finding.template_id,
        "report_id": finding.report_id,
        "acted_on": finding.acted_on,
        "healed_at": moment(finding.healed_at),
        "seen_by": finding.seen_by,
        "decision": finding.decision and _decision(finding.decision),
    }


def _decision(decision: records.DriftDecision) -> Object:
    return mapping.shown(DriftDecision, decision).as_json()


FINDING_COLUMNS: Final = frozenset(
    {
        *("id", "stack", "address", "type", "kind", "severity", "score", "origin", "fingerprint"),
        *("state", "first_seen", "last_seen", "times_seen", "resource_id", "template_id"),
        *("report_id", "acted_on", "healed_at", "seen_by", "decision"),
    }
)
"""The keys of `_own_columns`. What is kept was ordered by them: one that joins must be none
that details ever had."""
