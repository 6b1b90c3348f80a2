"""What a scan makes of what is isolated: no drift, and no secret that it was connected again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from reconciler.domain.details import changes_of
from reconciler.domain.edges import Edge
from reconciler.domain.lifecycle import slot_of
from reconciler.domain.model import Change, Counts, Finding, Kind, ResourceAddress, StackReport
from reconciler.domain.policy import Driver
from reconciler.domain.quarantines import (
    Quarantine,
    QuarantineState,
    absent_on_purpose,
    left_behind,
    says_left,
)
from reconciler.domain.records import FindingRecord, Remediation, RemediationId
from reconciler.domain.remediation_states import BEFORE_EFFECT, IN_EFFECT
from reconciler.domain.report import Judging, with_changes
from reconciler.domain.swaps import hidden_paths, is_swapped
from reconciler.engine.quarantine.expecting import as_known, without_left
from reconciler.engine.quarantine.keeping import tell
from reconciler.engine.quarantine.leaving import children_of
from reconciler.engine.quarantine.reading import attached, out_of_state
from reconciler.engine.scanned import Scanned
from reconciler.stores import Transaction

Slot: TypeAlias = tuple[ResourceAddress, bool]
_HALF_RELEASED_FOR: Final = timedelta(hours=1)
"""How long after its last run a release is taken for half done."""


def being_changed(
    view: Transaction, quarantines: Iterable[Quarantine], *, at: datetime
) -> frozenset[RemediationId]:
    """Return those of `quarantines` whose script has begun, and of which nothing was read since.

    A scan in between would take what it did for drift, and its approved plan would be void for a
    second attempt. One that waits for that, held for instance, hides nothing for good: an
    isolation until the time of the quarantine is over, a release for an hour.
    """
    return frozenset(
        known.id
        for known in quarantines
        if known.driver is Driver.SCRIPT
        and (doing := view.remediations.get(known.release or known.id)) is not None
        and doing.attempts
        and (
            doing.state in IN_EFFECT
            or (doing.state in BEFORE_EFFECT and at < _hidden_until(view, known, doing))
        )
    )


def _hidden_until(view: Transaction, known: Quarantine, doing: Remediation) -> datetime:
    if doing.id == known.id:
        return known.expires_at
    run = view.runs.get(doing.run_id) if doing.run_id else None
    ended_at = run.ended_at if run is not None else None
    return (ended_at or doing.updated_at) + _HALF_RELEASED_FOR


def without_isolated(
    report: StackReport,
    quarantines: Collection[Quarantine],
    *,
    records: Collection[FindingRecord],
    judging: Judging,
    under_way: Collection[RemediationId] = (),
) -> StackReport:
    """Return `report` without what is absent or otherwise on purpose.

    A resource that shows nothing else counts as not applicable. `records` are the findings that
    are known: drift of the very groups that gave way comes back with them, so it has not healed.
    What scripts are changing just now is as it is known: of the quarantines `under_way`.
    """
    scripted = [known for known in quarantines if known.driver is Driver.SCRIPT]
    others = (known for known in quarantines if known.driver is not Driver.SCRIPT)
    edges = [edge for known in others for edge in known.edges]
    detached = {edge.address for edge in edges if edge.attribute is None}
    swapped = {edge.address: edge for edge in edges if is_swapped(edge, report)}
    if scripted:
        report = _without_scripted(
            report, scripted, records=records, judging=judging, under_way=under_way
        )
    if not detached and not swapped:
        return report
    earlier = {slot_of(record): changes_of(record.details) for record in records}
    kept = tuple(
        _without_swapped(
            (finding for finding in report.findings if not absent_on_purpose(finding, detached)),
            swapped,
            earlier=earlier,
            judging=judging,
        )
    )
    return replace(report, findings=kept, counts=_recounted(report, kept))


def _without_scripted(
    report: StackReport,
    quarantines: Collection[Quarantine],
    *,
    records: Collection[FindingRecord],
    judging: Judging,
    under_way: Collection[RemediationId],
) -> StackReport:
    settled = [known for known in quarantines if known.id not in under_way]
    at_work = [known for known in quarantines if known.id in under_way]
    busy = {address for known in at_work for address in known.addresses}
    busy |= {child for known in at_work for child in children_of(known)}
    kept = without_left(report, settled, records=records, judging=judging)
    kept = as_known(kept, busy, records)
    return replace(report, findings=kept, counts=_recounted(report, kept))


def _without_swapped(
    findings: Iterable[Finding],
    swapped: Mapping[ResourceAddress, Edge],
    *,
    earlier: Mapping[Slot, Collection[Change]],
    judging: Judging,
) -> Iterator[Finding]:
    for finding in findings:
        edge = swapped.get(finding.address)
        if edge is None or finding.kind is not Kind.CHANGED:
            yield finding
            continue
        hidden = hidden_paths(edge)
        changes = [
            *(change for change in finding.changes if change.path not in hidden),
            *(change for change in earlier.get(slot_of(finding), ()) if change.path in hidden),
        ]
        rest = with_changes(finding, changes, judging=judging)
        if rest is not None:
            yield rest


def _recounted(report: StackReport, kept: Collection[Finding]) -> Counts:
    """Return the counts without the resources of which no finding is left."""
    left = {finding.address for finding in kept}
    gone = {finding.address: finding.kind for finding in report.findings}
    kinds = [kind for address, kind in gone.items() if address not in left]
    missing, changed = kinds.count(Kind.MISSING), kinds.count(Kind.CHANGED)
    counts = report.counts
    return replace(
        counts,
        missing=counts.missing - missing,
        changed=counts.changed - changed,
        not_applicable=counts.not_applicable + missing + changed,
    )


def note_reconnected(
    tx: Transaction,
    quarantines: Collection[Quarantine],
    seen: Scanned,
    *,
    at: datetime,
    under_way: Collection[RemediationId] = (),
) -> None:
    """Note each quarantine of which an edge is there again that nobody released.

    Also one of which something that was swapped left the state: nothing shows that it is isolated.
    An edge that cannot be read may be there or not: what is noted of its quarantine stays. So does
    that of the quarantines `under_way`: what is changing just now is a release of ours.
    """
    unread = {address for address, _ in seen.report.unreadable}
    for known in quarantines:
        if known.id in under_way or known.state is not QuarantineState.ACTIVE:
            continue
        note, left = _not_isolated(known, seen, unread)
        if not _is_news(known, note, left=left):
            continue
        if note is None and not unread.isdisjoint(known.addresses):
            continue
        tell(
            tx, replace(known, reconnected_at=None if note is None else at, note=note),
            "active" if note is None else "reconnected", at=at,
        )  # fmt: skip


def left_with_all(quarantines: Iterable[Quarantine], seen: Scanned) -> frozenset[RemediationId]:
    """Return those of `quarantines` of which nothing that they swapped is in the state."""
    return frozenset(
        known.id
        for known in quarantines
        if known.driver is Driver.SWAP and len(out_of_state(known, seen)) == len(known.edges)
    )


def _is_news(known: Quarantine, note: str | None, *, left: bool) -> bool:
    """Whether `note` says another thing than is noted; what `left` the state counts from now."""
    if known.reconnected_at is None or note is None:
        return (known.reconnected_at is not None) != (note is not None)
    return note != known.note if left else says_left(known)


def _not_isolated(
    known: Quarantine, seen: Scanned, unread: Collection[ResourceAddress]
) -> tuple[str | None, bool]:
    """Return what of `known` is not isolated as it was left, or cannot be seen to be; else None.

    With it comes whether that is because it left the state.
    """
    back = [address for address in attached(known, seen) if address not in unread]
    if back:
        return _reconnected(known, back[0]), False
    left = out_of_state(known, seen) if known.driver is Driver.SWAP else []
    return (left_behind(known, left), True) if left else (None, False)


def _reconnected(known: Quarantine, address: ResourceAddress) -> str:
    if known.driver is Driver.SCRIPT:
        return (
            f"{address} is not as script {known.script.name if known.script else ''} left it: an"
            " apply that trueup did not run, or somebody in the cloud, changed it"
        )
    if known.driver is Driver.SWAP:
        groups = sorted({str(edge.group) for edge in known.edges if edge.address == address})
        return (
            f"{address} does not hold {groups[0]} alone any more: an apply that trueup did not"
            " run, or somebody in the cloud, changed its groups"
        )
    return f"{address} is attached again, by an apply that trueup did not run"
