"""What one scan means to the findings that are known: a pure fold.

Only what was really read may heal. What could not be read stays as it was, and so does what
another source saw.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reconciler.domain.coverage import derived_template_id, resource_id
from reconciler.domain.details import (
    cause_of,
    details_of,
    host_groups_of,
    paths_of,
    with_severity_of,
)
from reconciler.domain.model import (
    Counts,
    Engine,
    Finding,
    Kind,
    Origin,
    ResourceAddress,
    StackName,
    StackReport,
)
from reconciler.domain.policy import Subject
from reconciler.domain.records import FindingId, FindingRecord, FindingState, Json, TemplateId
from reconciler.domain.score import score
from reconciler.domain.sources import SCAN

_MOST_LOST: Final = 0.3


@dataclass(frozen=True, slots=True)
class Changed:
    """A known finding that shows itself otherwise now."""

    known: FindingRecord
    now: Finding


@dataclass(frozen=True, slots=True)
class Fold:
    """What a scan says of every finding of its own; each known one is in one part."""

    opened: tuple[Finding, ...] = ()
    seen: tuple[FindingRecord, ...] = ()
    rated: tuple[FindingRecord, ...] = ()
    """Those of `seen` whose severity the rules rate otherwise by now, as they are rated."""
    changed: tuple[Changed, ...] = ()
    healed: tuple[FindingRecord, ...] = ()
    unread: tuple[FindingRecord, ...] = ()


def fold(
    unhealed: Sequence[FindingRecord],
    report: StackReport,
    *,
    asked: Collection[ResourceAddress] | None = None,
    may_heal: bool = True,
    kept: Collection[FindingId] = (),
) -> Fold:
    """Return what `report` means to the `unhealed` findings of its stack.

    `asked` are the addresses that were read, None when it was the whole stack: then what the
    stack does not know any more is healed too. Without `may_heal` nothing is, and what is `kept`
    is not. What another source than a scan saw is in no part: a scan may look at less than that
    source does.
    """
    own = [record for record in unhealed if record.seen_by == SCAN]
    found = {slot_of(finding): finding for finding in report.findings}
    unread = {address for address, _ in (*report.unreadable, *report.unseen)}
    known = {slot_of(record) for record in own}
    parts: dict[str, list[FindingRecord]] = {"seen": [], "rated": [], "healed": [], "unread": []}
    changed: list[Changed] = []
    for record in own:
        now = found.get(slot_of(record))
        if now is not None and now.fingerprint != record.fingerprint:
            changed.append(Changed(record, now))
            continue
        silent = (
            record.address in unread
            or record.id in kept
            or (record.kind is Kind.ADDED and is_one_of(record.address, unread))
            # What it followed may be as it was: without that, what follows looks as recorded.
            or (record.kind is Kind.CHANGED and cause_of(record.details) in unread)
            or (asked is not None and record.address not in asked)
            or _may_be_unlisted(record, report)
            # A whole plan asks for no children.
            or (record.kind is Kind.ADDED and report.obtained_by is Engine.CLI)
            or (
                record.origin is Origin.UNDECLARED
                and record.kind is not Kind.ADDED
                and record.address in report.uncompared
            )
        )
        part = "seen" if now else "unread" if silent or not may_heal else "healed"
        if now is not None and now.severity is not record.severity:
            details = with_severity_of(record.details, now)
            record = replace(  # noqa: PLW2901
                record, severity=now.severity, score=score(now), details=details
            )
            parts["rated"].append(record)
        parts[part].append(record)
    return Fold(
        opened=tuple(finding for finding in report.findings if slot_of(finding) not in known),
        seen=tuple(parts["seen"]),
        rated=tuple(parts["rated"]),
        changed=tuple(changed),
        healed=tuple(parts["healed"]),
        unread=tuple(parts["unread"]),
    )


def _may_be_unlisted(record: FindingRecord, report: StackReport) -> bool:
    """Whether it may be there all the same: what is not made yet no plan has come to."""
    return (
        report.listed is not None
        and record.kind is not Kind.ADDED
        and record.address not in report.listed
    )


def is_one_of(address: str, unread: Collection[str]) -> bool:
    """Whether it is one of the children that a question without an answer was about."""
    return any(address[:at] in unread for at, sign in enumerate(address) if sign == "[")


def slot_of(drift: Finding | FindingRecord) -> tuple[ResourceAddress, bool]:
    """Return which finding of a resource it is: what a plan would act on, or what none would."""
    return drift.address, drift.origin is Origin.UNDECLARED


def implausible(
    report: StackReport, *, last_good: Counts | None, same_revision: bool
) -> str | None:
    """Return why a scan cannot be the whole truth, in a sentence; None when it can.

    A stack that is recorded and declared as before cannot have lost its resources; the
    world can, and then they are missing, not uncounted. Outputs do not count: one is only listed
    while a plan would change it, or could not be made. Nor does a plan that ended with an error
    list what is not made yet.
    """
    if last_good is None or last_good.outputs is None or not same_revision:
        return None
    if report.listed is not None:
        return None
    before = last_good.resources - last_good.outputs
    now = report.counts.resources - (report.counts.outputs or 0)
    if not before or (now and now >= before * (1 - _MOST_LOST)):
        return None
    return f"only {now} of {before} resources were listed, though code and state are as before"


def subject_of(record: FindingRecord, *, templates: frozenset[TemplateId] = frozenset()) -> Subject:
    """Return what policies are asked about; without `templates` its own is all that counts."""
    own = {derived_template_id(resource_id(record.stack, record.address))}
    if record.template_id is not None:
        own.add(record.template_id)
    return Subject(
        stack=record.stack,
        address=record.address,
        type=record.type,
        kind=record.kind,
        severity=record.severity,
        score=record.score,
        paths=paths_of(record.details),
        templates=frozenset({*own, *templates}),
        only_undo=record.origin is Origin.OUT_OF_BAND,
        host_groups=host_groups_of(record.details),
    )


def subject_of_finding(
    stack: StackName, finding: Finding, *, templates: frozenset[TemplateId] = frozenset()
) -> Subject:
    """Return what policies are asked about, before the finding is kept as a record."""
    return Subject(
        stack=stack,
        address=finding.address,
        type=finding.type,
        kind=finding.kind,
        severity=finding.severity,
        score=score(finding),
        paths=tuple(change.path for change in finding.changes),
        templates=frozenset({derived_template_id(resource_id(stack, finding.address)), *templates}),
        only_undo=finding.origin is Origin.OUT_OF_BAND,
    )


def finding_of(record: FindingRecord) -> Finding:
    """Return the finding as the judgement of a plan needs it: places and recorded values."""
    details = details_of(record.details, origin=record.origin or Origin.BOTH)
    return Finding(
        address=record.address,
        type=record.type,
        kind=Kind(record.kind),
        severity=record.severity,
        origin=record.origin,
        requires_replace=details.requires_replace,
        fingerprint=record.fingerprint,
        source=None,
        changes=details.changes,
        consequences=details.consequences,
        provider=details.provider,
        added_as=details.added_as,
    )


def is_planned(record: FindingRecord) -> bool:
    """Whether a plan of the tool can act on it: a scan found it, and the code or state holds it."""
    return record.seen_by == SCAN and record.origin is not Origin.UNDECLARED


def targets_of(records: Iterable[FindingRecord]) -> tuple[ResourceAddress, ...]:
    """Return what a plan that undoes `records` is about, sorted."""
    return tuple(sorted({target for record in records for target in finding_of(record).targets}))


def refreshed(known: FindingRecord, now: Finding, *, details: Json, at: datetime) -> FindingRecord:
    """Return the record of a finding that changed; what a person said of the old is void."""
    return replace(
        known,
        type=now.type,
        kind=now.kind,
        severity=now.severity,
        score=score(now),
        origin=now.origin,
        fingerprint=now.fingerprint,
        # What is isolated stays so, however the drift goes on.
        state=known.state if known.state is FindingState.QUARANTINED else FindingState.OPEN,
        last_seen=at,
        times_seen=known.times_seen + 1,
        details=details,
        decision=None,
    )
