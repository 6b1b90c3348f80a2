"""From verdicts to one stack's report: a pure fold, equal for equal worlds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum
from typing import assert_never

from reconciler.domain.added_children import added_fingerprint
from reconciler.domain.belonging import together
from reconciler.domain.doubts import provider_doubts, vanished_as_unreadable
from reconciler.domain.fingerprint import Identity, fingerprint
from reconciler.domain.lineage import nearest_missing
from reconciler.domain.locations import NOWHERE, location_of
from reconciler.domain.model import (
    Added,
    Change,
    Counts,
    Drifted,
    Finding,
    InSync,
    Kind,
    Missing,
    Noise,
    NoiseItem,
    NotApplicable,
    Observed,
    Origin,
    RecordedResource,
    ResourceAddress,
    Severity,
    Snapshot,
    StackReport,
    Status,
    Unmanaged,
    Unreadable,
    Unseen,
)
from reconciler.domain.passing_rows import comes_and_goes
from reconciler.domain.severity import Deviation, Rulebook, rate


class ExitCode(IntEnum):
    """What `scan` tells the shell; 2 is what `terraform plan -detailed-exitcode` says."""

    IN_SYNC = 0
    ERROR = 1
    DRIFT = 2
    INCOMPLETE = 3


@dataclass(frozen=True, slots=True)
class Judging:
    """What turns a verdict into a finding: the severities, and the key of the digests."""

    rulebook: Rulebook
    key: bytes = field(repr=False)


def exit_code(
    reports: Iterable[StackReport], *, failed: bool = False, fail_on: Severity = Severity.LOW
) -> ExitCode:
    """Return the worst outcome: error, then incomplete, then drift of at least `fail_on`.

    `failed` says that some stack gave no report at all.
    """
    seen = tuple(reports)
    if failed:
        return ExitCode.ERROR
    if any(report.incomplete for report in seen):
        return ExitCode.INCOMPLETE
    if any(finding.severity >= fail_on for report in seen for finding in report.findings):
        return ExitCode.DRIFT
    return ExitCode.IN_SYNC


def build_report(
    snapshot: Snapshot,
    observed: Iterable[Observed],
    *,
    judging: Judging,
    observed_at: datetime,
    timing_ms: Mapping[str, float],
    whole: bool = True,
) -> StackReport:
    """Return the scan as one value, sorted by address.

    Each observation falls into exactly one count, and the counts add up. `whole` says that
    every resource was looked at: only then can a provider's objects be seen to have vanished
    together.
    """
    recorded = {resource.address: resource for resource in snapshot.resources}
    by_address = {seen.address: seen for seen in observed}
    ordered = [by_address[address] for address in sorted(by_address)]
    if whole:
        ordered = vanished_as_unreadable(snapshot, ordered)
    findings = [
        finding for seen in ordered for finding in _findings(seen, _of(recorded, seen), judging)
    ]
    return StackReport(
        stack=snapshot.stack,
        tool=snapshot.tool,
        directory=snapshot.directory,
        obtained_by=snapshot.obtained_by,
        observed_at=observed_at,
        counts=_counts(ordered),
        findings=_with_lineage(findings, recorded),
        noise=tuple((seen.address, item) for seen in ordered for item in _noise(seen)),
        unreadable=tuple(
            (seen.address, seen.verdict.reason)
            for seen in ordered
            if isinstance(seen.verdict, Unreadable)
        ),
        timing_ms=dict(timing_ms),
        warnings=(*snapshot.warnings, *(seen.remark for seen in ordered if seen.remark)),
        provider_doubts=provider_doubts(snapshot, ordered, whole=whole),
        uncompared=frozenset(seen.address for seen in ordered if seen.witness is None),
        together=together(
            (finding.address for finding in findings),
            {resource.address: resource.dependencies for resource in snapshot.resources},
        ),
        unseen=tuple(
            (seen.address, seen.verdict) for seen in ordered if isinstance(seen.verdict, Unseen)
        ),
        blind_spots=snapshot.blind_spots,
        listed=frozenset((*recorded, *snapshot.outputs)) if snapshot.stopped else None,
    )


def _of(recorded: Mapping[ResourceAddress, RecordedResource], seen: Observed) -> RecordedResource:
    address = seen.address
    if isinstance(seen.verdict, Added):
        parent = recorded.get(seen.verdict.parent)
        return RecordedResource(
            address=address,
            type=seen.verdict.type,
            status=Status.NOT_DECLARED,
            source=parent.source if parent else None,
            provider=parent.provider if parent else "",
        )
    return recorded.get(address) or RecordedResource(
        address=address, type=_type_in(address), status=Status.LIVE, source=seen.source
    )


def _type_in(address: str) -> str:
    """Guess a type from an address that the snapshot does not hold."""
    parts = address.split("[", maxsplit=1)[0].split(".")
    return parts[-2] if len(parts) > 1 else address


def _findings(seen: Observed, resource: RecordedResource, judging: Judging) -> Iterator[Finding]:
    """Yield what deviates of one resource: what a plan would act on, and what none would.

    They are two findings, since one can be corrected and the other only be decided about.
    """
    where = location_of(seen.witness.recorded()) if seen.witness else NOWHERE
    finding = _finding(seen, resource, judging)
    if finding is not None:
        yield replace(finding, account=where.account, region=where.region)
    if seen.undeclared:
        undeclared = Drifted(seen.undeclared, reason=seen.undeclared_reason)
        yield replace(
            _drifted(resource, undeclared, judging),
            added_as=seen.added_as, account=where.account, region=where.region,
        )  # fmt: skip


def _finding(seen: Observed, resource: RecordedResource, judging: Judging) -> Finding | None:
    match seen.verdict:
        case Drifted() as drifted:
            return _drifted(resource, drifted, judging)
        case Missing(origin=origin):
            return _whole(resource, Kind.MISSING, origin, judging)
        case Unmanaged(origin=origin):
            return _whole(resource, Kind.UNMANAGED, origin, judging)
        case Added() as added:
            return _added(resource, added, judging)
        case InSync() | Noise() | Unreadable() | NotApplicable() | Unseen():
            return None
        case _:
            assert_never(seen.verdict)


def _drifted(resource: RecordedResource, drifted: Drifted, judging: Judging) -> Finding:
    origin = _origin(drifted.changes) or drifted.origin
    changes = tuple(sorted(drifted.changes, key=lambda change: change.path))
    deviation = Deviation(
        type=resource.type,
        kind=Kind.CHANGED,
        origin=origin,
        changes=changes,
        requires_replace=drifted.requires_replace,
        readdressed=drifted.readdressed,
    )
    rating = rate(deviation, judging.rulebook)
    return Finding(
        address=resource.address,
        type=resource.type,
        kind=Kind.CHANGED,
        severity=rating.severity,
        severity_reason=rating.reason,
        origin=origin,
        requires_replace=drifted.requires_replace,
        fingerprint=fingerprint(
            Identity(resource.address, Kind.CHANGED, changes, origin), key=judging.key
        ),
        source=resource.source,
        provider=resource.provider,
        changes=changes,
        consequences=tuple(sorted(drifted.consequences, key=lambda change: change.path)),
        consequence_of=drifted.follows,
        reason=drifted.reason,
    )


def with_changes(
    finding: Finding, changes: Iterable[Change], *, judging: Judging
) -> Finding | None:
    """Return `finding` as if exactly `changes` had been seen of it; None where it is none then."""
    kept = tuple(sorted(changes, key=lambda change: change.path))
    if kept == finding.changes:
        return finding
    if not kept and finding.reason is None:
        return None
    consequences = finding.consequences if kept else ()
    replaces = any(change.forces_replacement for change in (*kept, *consequences))
    origin = _origin(kept) or finding.origin
    deviation = Deviation(finding.type, finding.kind, origin, kept, requires_replace=replaces)
    rating = rate(deviation, judging.rulebook)
    identity = Identity(finding.address, finding.kind, kept, origin)
    return replace(
        finding,
        severity=rating.severity,
        severity_reason=rating.reason,
        origin=origin,
        requires_replace=replaces,
        fingerprint=fingerprint(identity, key=judging.key),
        changes=kept,
        consequences=consequences,
    )


def _whole(resource: RecordedResource, kind: Kind, origin: Origin, judging: Judging) -> Finding:
    deviation = Deviation(type=resource.type, kind=kind, origin=origin)
    rating = rate(deviation, judging.rulebook)
    return Finding(
        address=resource.address,
        type=resource.type,
        kind=kind,
        severity=rating.severity,
        severity_reason=rating.reason,
        origin=origin,
        requires_replace=False,
        fingerprint=fingerprint(Identity(resource.address, kind, origin=origin), key=judging.key),
        source=resource.source,
        provider=resource.provider,
        reason=resource.note,
    )


def _added(resource: RecordedResource, added: Added, judging: Judging) -> Finding:
    changes = tuple(sorted(added.changes, key=lambda change: change.path))
    origin = Origin.UNDECLARED
    deviation = Deviation(type=added.type, kind=Kind.ADDED, origin=origin, changes=changes)
    rating = rate(deviation, judging.rulebook)
    return Finding(
        address=resource.address,
        type=added.type,
        kind=Kind.ADDED,
        severity=rating.severity,
        severity_reason=rating.reason,
        origin=origin,
        requires_replace=False,
        fingerprint=added_fingerprint(resource.address, added, key=judging.key),
        source=resource.source,
        provider=resource.provider,
        parent=added.parent,
        changes=changes,
    )


def _origin(changes: Iterable[Change]) -> Origin | None:
    origins = {change.origin for change in changes}
    if len(origins) > 1:
        return Origin.BOTH
    return next(iter(origins), None)


def _noise(seen: Observed) -> tuple[NoiseItem, ...]:
    match seen.verdict:
        case Noise(items=items) | Drifted(noise=items):
            return items
        case _:
            return ()


def _counts(ordered: list[Observed]) -> Counts:
    kinds = Counter(Drifted if seen.undeclared else type(seen.verdict) for seen in ordered)
    return Counts(
        resources=len(ordered) - kinds[Added] - kinds[Unseen],
        in_sync=kinds[InSync],
        changed=kinds[Drifted],
        missing=kinds[Missing],
        unmanaged=kinds[Unmanaged],
        unreadable=kinds[Unreadable],
        noise=kinds[Noise],
        not_applicable=kinds[NotApplicable],
        added=kinds[Added],
        outputs=sum(comes_and_goes(seen.address) for seen in ordered),
    )


def _with_lineage(
    findings: Iterable[Finding], recorded: Mapping[ResourceAddress, RecordedResource]
) -> tuple[Finding, ...]:
    """Point each resource that is gone at the nearest gone one it depended on.

    What follows a moved object keeps pointing at that.
    """
    kept = tuple(findings)
    gone = {
        finding.address: recorded[finding.address].dependencies
        for finding in kept
        if finding.kind is Kind.MISSING
        and finding.origin is Origin.OUT_OF_BAND
        and finding.address in recorded
    }
    nearest = nearest_missing(gone)
    return tuple(
        replace(finding, consequence_of=nearest.get(finding.address, finding.consequence_of))
        for finding in kept
    )
