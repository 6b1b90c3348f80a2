"""What a scan makes of what scripts left: no drift, as long as it stays exactly so."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.domain.details import changes_of
from reconciler.domain.lifecycle import finding_of, slot_of
from reconciler.domain.model import Change, Finding, Kind, ResourceAddress, StackReport
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import FindingRecord
from reconciler.domain.report import Judging, with_changes
from reconciler.domain.sources import SCAN
from reconciler.engine.quarantine.leaving import (
    ABSENT,
    BEFORE,
    LIVE,
    MISSING,
    WORDS,
    Slot,
    by_attribute,
    gone_in,
    left_of,
    shown,
    unread_in,
)
from reconciler.wire.scan import change_object


def without_left(
    report: StackReport,
    quarantines: Iterable[Quarantine],
    *,
    records: Collection[FindingRecord],
    judging: Judging,
) -> tuple[Finding, ...]:
    """Return the findings of `report` without what scripts of `quarantines` left.

    Drift that such an attribute showed before is shown as it was: it comes back with the release,
    so it has not healed. So has no child that the script took away.
    """
    lefts = [left for known in quarantines for left in left_of(known).items()]
    unread, gone = unread_in(report), gone_in(report)
    hidden: dict[Slot, Mapping[str, Any]] = {
        (ResourceAddress(address), undeclared): left[word]
        for address, left in lefts
        for undeclared, word in WORDS.items()
        if word in left and address not in gone and (address, undeclared) not in unread
    }
    missing = {address for address, left in lefts if left.get(MISSING)}
    absent = {address for address, left in lefts if left.get(ABSENT)}
    earlier = {slot_of(record): record for record in records if record.seen_by == SCAN}
    taken = {slot: finding_of(earlier[slot]) for slot in earlier if slot[0] in absent}
    seen = {
        slot_of(finding): finding
        for finding in report.findings
        if finding.address not in missing or finding.kind is not Kind.MISSING
    }
    found = {**taken, **seen}
    for slot, left in hidden.items():
        finding = found.pop(slot, None)
        if finding is None or finding.kind is Kind.CHANGED:
            finding = _without(finding, earlier.get(slot), left, judging=judging)
        if finding is not None:
            found[slot] = finding
    return tuple(found[slot] for slot in sorted(found))


def as_known(
    findings: Iterable[Finding],
    addresses: Collection[ResourceAddress],
    records: Iterable[FindingRecord],
) -> tuple[Finding, ...]:
    """Return `findings` with what is known of `addresses` in place of what was seen there."""
    others = (finding for finding in findings if finding.address not in addresses)
    known = (
        finding_of(record)
        for record in records
        if record.address in addresses and record.seen_by == SCAN
    )
    return tuple(sorted((*others, *known), key=slot_of))


def _without(
    finding: Finding | None,
    record: FindingRecord | None,
    left: Mapping[str, Mapping[str, Any]],
    *,
    judging: Judging,
) -> Finding | None:
    now = by_attribute(finding.changes if finding is not None else ())
    held = {name for name, kept in left.items() if shown(now.get(name, ())) == kept[LIVE]}
    base = finding or (finding_of(record) if record is not None else None)
    if base is None:
        return None
    changes = [
        *(change for name, changes in now.items() if name not in held for change in changes),
        *(change for name in held for change in changes_of({"changes": left[name][BEFORE]})),
    ]
    if finding is None and not changes:
        return None
    rest = with_changes(base, changes, judging=judging)
    if rest is None or record is None:
        return rest
    if _objects(changes) == _objects(changes_of(record.details)):
        # Made anew, it could be another one: JSON rounds numbers.
        return replace(rest, fingerprint=record.fingerprint)
    return rest


def _objects(changes: Iterable[Change]) -> list[dict[str, Any]]:
    return [change_object(change) for change in sorted(changes, key=lambda change: change.path)]
