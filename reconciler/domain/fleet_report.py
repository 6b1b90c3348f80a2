"""What happened to the fleet over a span of time: how much drifted, how soon it was seen and gone.

Pure. Spans are in seconds; a mean of nothing is None.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final

from reconciler.domain.model import Severity

_MOST_ROWS: Final = 20
_NOBODY: Final = "(nobody)"
_ENDED: Final = ("converged", "rejected", "failed", "expired", "suppressed", "gone")


@dataclass(frozen=True, slots=True)
class PastDrift:
    """One finding's life, as far as a report needs it."""

    id: str
    stack: str
    type: str
    severity: Severity
    first_seen: datetime
    healed_at: datetime | None
    is_open: bool


@dataclass(frozen=True, slots=True)
class PastRemediation:
    """What a policy made of some findings; `policy` is its name, None where a person asked.

    One that `is_earlier` was made before the span, of a drift that is in it: it says whose that is.
    One that was not `applied` and has converged corrected nothing: its drift was gone by itself.
    """

    finding_ids: tuple[str, ...]
    policy: str | None
    owner: str | None
    state: str
    is_earlier: bool = False
    applied: bool = True

    @property
    def end(self) -> str:
        """How it ended, or where it stands."""
        return "gone" if self.state == "converged" and not self.applied else self.state


@dataclass(frozen=True, slots=True)
class Past:
    """What the store knows of the span: `scans` are the ends of scans by stack, in order.

    `remediations` are in the order in which they were made: the last says whose a drift is.
    `assigned` names by finding whom somebody made responsible; `ignored` counts by ignore rule.
    """

    drifts: Sequence[PastDrift]
    scans: Mapping[str, Sequence[datetime]] = field(default_factory=dict)
    remediations: Sequence[PastRemediation] = ()
    assigned: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tally:
    """One row: what was found and healed in the span, and what is open at its end."""

    name: str
    found: int
    healed: int
    open: int
    mean_to_repair_s: float | None


@dataclass(frozen=True, slots=True)
class DayTally:
    """One day, in UTC."""

    day: str
    found: int
    healed: int


@dataclass(frozen=True, slots=True)
class RuleTally:
    """How often a rule spoke: a policy that made remediations, or a rule that ignored findings.

    `converged` are those that corrected, `gone` those whose drift went away before anything ran.
    """

    name: str
    kind: str
    times: int
    converged: int = 0
    rejected: int = 0
    failed: int = 0
    expired: int = 0
    suppressed: int = 0
    gone: int = 0


@dataclass(frozen=True, slots=True)
class FleetReport:
    """The whole report, in the order in which it is shown."""

    since: datetime
    until: datetime
    found: int
    healed: int
    open: int
    mean_to_detect_s: float | None
    """At most: from the last scan before a drift was found to the one that found it."""
    mean_to_repair_s: float | None
    median_to_repair_s: float | None
    days: tuple[DayTally, ...]
    by_severity: tuple[Tally, ...]
    by_type: tuple[Tally, ...]
    by_stack: tuple[Tally, ...]
    by_owner: tuple[Tally, ...]
    rules: tuple[RuleTally, ...]


def fleet_report(past: Past, *, since: datetime, until: datetime) -> FleetReport:
    """Return the report on `since` to `until`. Equal pasts give equal reports."""
    drifts = [
        drift
        for drift in past.drifts
        if drift.is_open or _within(drift.first_seen, since, until) or _healed(drift, since, until)
    ]
    whole = _tally("all", drifts, since, until)
    spans = _repairs(drifts, since, until)
    owner_of = _owners(past)
    by = _Grouping(drifts, since, until)
    severities = by.all(lambda drift: drift.severity.word)
    order = [severity.word for severity in sorted(Severity, reverse=True)]
    return FleetReport(
        since=since,
        until=until,
        found=whole.found,
        healed=whole.healed,
        open=whole.open,
        mean_to_detect_s=_mean(_detections(drifts, past.scans, since, until)),
        mean_to_repair_s=whole.mean_to_repair_s,
        median_to_repair_s=sorted(spans)[len(spans) // 2] if spans else None,
        days=_days(drifts, since, until),
        by_severity=tuple(sorted(severities, key=lambda tally: order.index(tally.name))),
        by_type=by.top(lambda drift: drift.type),
        by_stack=by.top(lambda drift: drift.stack),
        by_owner=by.top(lambda drift: owner_of.get(drift.id, _NOBODY)),
        rules=_rules(past),
    )


@dataclass(frozen=True, slots=True)
class _Grouping:
    drifts: Sequence[PastDrift]
    since: datetime
    until: datetime

    def all(self, key: Callable[[PastDrift], str]) -> list[Tally]:
        groups: defaultdict[str, list[PastDrift]] = defaultdict(list)
        for drift in self.drifts:
            groups[key(drift)].append(drift)
        return [_tally(name, some, self.since, self.until) for name, some in groups.items()]

    def top(self, key: Callable[[PastDrift], str]) -> tuple[Tally, ...]:
        found = sorted(self.all(key), key=lambda tally: (-tally.found, -tally.open, tally.name))
        return tuple(found[:_MOST_ROWS])


def _tally(name: str, drifts: Sequence[PastDrift], since: datetime, until: datetime) -> Tally:
    return Tally(
        name=name,
        found=sum(_within(drift.first_seen, since, until) for drift in drifts),
        healed=sum(_healed(drift, since, until) for drift in drifts),
        open=sum(drift.is_open for drift in drifts),
        mean_to_repair_s=_mean(_repairs(drifts, since, until)),
    )


def _repairs(drifts: Iterable[PastDrift], since: datetime, until: datetime) -> list[float]:
    return [
        (drift.healed_at - drift.first_seen).total_seconds()
        for drift in drifts
        if drift.healed_at is not None and _healed(drift, since, until)
    ]


def _detections(
    drifts: Iterable[PastDrift],
    scans: Mapping[str, Sequence[datetime]],
    since: datetime,
    until: datetime,
) -> list[float]:
    """Return for each drift how long it may have been there; of a stack's first scan nothing."""
    spans = []
    for drift in drifts:
        ends = scans.get(drift.stack, ())
        before = bisect_left(ends, drift.first_seen) - 1
        if before >= 0 and _within(drift.first_seen, since, until):
            spans.append((drift.first_seen - ends[before]).total_seconds())
    return spans


def _days(drifts: Sequence[PastDrift], since: datetime, until: datetime) -> tuple[DayTally, ...]:
    found = Counter(
        _day(drift.first_seen) for drift in drifts if _within(drift.first_seen, since, until)
    )
    healed = Counter(
        _day(drift.healed_at)
        for drift in drifts
        if drift.healed_at is not None and _healed(drift, since, until)
    )
    first = _day(since)
    number = (_day(until) - first).days + 1
    days = [first + timedelta(days=offset) for offset in range(number)]
    return tuple(DayTally(day.isoformat(), found[day], healed[day]) for day in days)


def _owners(past: Past) -> dict[str, str]:
    """Return by finding whose it is: who was named for it, else the owner of its policy."""
    owners = {
        finding_id: remediation.owner
        for remediation in past.remediations
        if remediation.owner
        for finding_id in remediation.finding_ids
    }
    return {**owners, **past.assigned}


def _rules(past: Past) -> tuple[RuleTally, ...]:
    by_policy: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for remediation in past.remediations:
        if remediation.policy is not None and not remediation.is_earlier:
            by_policy[remediation.policy][remediation.end] += 1
    spoke = [
        RuleTally(name, "policy", states.total(), *(states[state] for state in _ENDED))
        for name, states in by_policy.items()
    ]
    spoke += [RuleTally(name, "ignore", times) for name, times in past.ignored.items() if times]
    return tuple(sorted(spoke, key=lambda rule: (-rule.times, rule.kind, rule.name))[:_MOST_ROWS])


def _mean(spans: Sequence[float]) -> float | None:
    return sum(spans) / len(spans) if spans else None


def _within(at: datetime, since: datetime, until: datetime) -> bool:
    return since <= at <= until


def _healed(drift: PastDrift, since: datetime, until: datetime) -> bool:
    return drift.healed_at is not None and _within(drift.healed_at, since, until)


def _day(at: datetime) -> date:
    return at.astimezone(UTC).date()
