"""Drift that another source reports: kept as it came, then looked at by ourselves."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.domain.errors import InvalidError
from reconciler.domain.events import DRIFT_DETECTED
from reconciler.domain.fingerprint import value_digest
from reconciler.domain.model import Fingerprint, Kind, ResourceAddress, Severity, StackName
from reconciler.domain.records import (
    DriftReport,
    FindingId,
    FindingRecord,
    FindingState,
    Json,
    ReportId,
    TemplateId,
)
from reconciler.domain.score import BASE
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import finding_body
from reconciler.engine.journal import audit, emit, new_id
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire.scan import json_bytes

MOST_DETAILS_BYTES: Final = 1 << 20
DEEPEST_DETAILS: Final = 32
LONGEST_RESOURCE_ID: Final = 2000
_LONGEST_HASH: Final = 200
_LONGEST_PATH: Final = 1000
_MOST_CHANGES: Final = 1000
_AHEAD: Final = timedelta(minutes=5)
_VALUES: Final = ("declared", "recorded", "live")


@dataclass(frozen=True, slots=True)
class ReportDraft:
    """What another source saw of one resource; `resource_id` is `STACK/ADDRESS`."""

    resource_id: str
    drift_details: Json
    drift_hash: str | None = None
    template_id: TemplateId | None = None
    timestamp: datetime | None = None
    type: str = ""
    kind: Kind = Kind.CHANGED
    severity: Severity = Severity.MEDIUM


@dataclass(frozen=True, slots=True)
class _Sighting:
    """A draft that was checked, its marked secrets replaced by digests."""

    stack: StackName
    address: ResourceAddress
    details: Json
    hash: str
    at: datetime


async def submit_report(service: Service, draft: ReportDraft, *, actor: str) -> DriftReport:
    """Keep the report; a resource of a registered stack is open to decisions, and read soon.

    What others report is never corrected unasked: the next pass says what is true, and
    replaces or heals what was reported.

    Raises:
        InvalidError: it names no resource or template, lies in the future, or is too large.
    """
    now = service.clock.now()
    seen = _checked(draft, now=now, key=service.judging.key)

    def work(tx: Transaction) -> DriftReport:
        report = _report(tx, draft, seen)
        tx.reports.put_many([report])
        if tx.stacks.get(seen.stack) is not None:
            _open(tx, draft, seen, report)
            scan_soon(tx, seen.stack, at=now)
        details = {"report_id": report.report_id, "drift_hash": report.drift_hash}
        audit(tx, "drift.reported", report.resource_id, at=now, actor=actor, details=details)
        return report

    return await service.store.transact(work)


def _checked(draft: ReportDraft, *, now: datetime, key: bytes) -> _Sighting:
    stack, slash, address = draft.resource_id.partition("/")
    if not slash or not stack or not address or len(draft.resource_id) > LONGEST_RESOURCE_ID:
        raise InvalidError("resource_id is STACK/ADDRESS", remedy="such as web/aws_vpc.main")
    if draft.kind is Kind.UNREADABLE:
        raise InvalidError("what cannot be read is no drift", remedy="report it once it was read")
    if len(draft.drift_hash or "") > _LONGEST_HASH:
        raise InvalidError(f"drift_hash has at most {_LONGEST_HASH} characters")
    at = draft.timestamp or now
    if at.tzinfo is None or at > now + _AHEAD:
        raise InvalidError("timestamp has a time zone and does not lie in the future")
    if any(depth > DEEPEST_DETAILS for depth in _depths(draft.drift_details)):
        raise InvalidError(f"drift_details is nested deeper than {DEEPEST_DETAILS}")
    details = _masked(draft.drift_details, key)
    body = _bytes(details)
    return _Sighting(
        stack=StackName(stack),
        address=ResourceAddress(address),
        details=details,
        hash=draft.drift_hash or hashlib.sha256(body).hexdigest(),
        at=min(at, now),
    )


def _bytes(details: Json) -> bytes:
    try:
        body = json_bytes(details)
    except TypeError as error:
        raise InvalidError("drift_details is no JSON object") from error
    if len(body) > MOST_DETAILS_BYTES:
        raise InvalidError(f"drift_details has more than {MOST_DETAILS_BYTES} bytes")
    return body


def _depths(value: Any) -> Iterator[int]:
    """Yield how deep each thing in `value` lies, without recursion."""
    waiting = [(value, 1)]
    while waiting:
        one, depth = waiting.pop()
        yield depth
        if depth > DEEPEST_DETAILS:
            return
        inner = one.values() if isinstance(one, dict) else one if isinstance(one, list) else ()
        waiting.extend((item, depth + 1) for item in inner)


def _masked(details: Json, key: bytes) -> Json:
    """Return `details` with digests for the values of changes that are marked sensitive."""
    changes = details.get("changes")
    if not isinstance(changes, list):
        return dict(details)
    return {**details, "changes": [_masked_change(change, key) for change in changes]}


def _masked_change(change: Any, key: bytes) -> Any:
    if not isinstance(change, dict) or not change.get("sensitive"):
        return change
    hidden = {
        name: {"digest": value_digest(change[name], key=key)}
        for name in _VALUES
        if change.get(name) is not None
    }
    return {**change, **hidden}


def _report(tx: Transaction, draft: ReportDraft, seen: _Sighting) -> DriftReport:
    own = tx.templates.of_resource(draft.resource_id)
    if draft.template_id is not None and tx.templates.get(draft.template_id) is None:
        raise InvalidError(f"there is no template {draft.template_id}")
    return DriftReport(
        report_id=ReportId(new_id()),
        resource_id=draft.resource_id,
        template_id=draft.template_id or (own.template_id if own else None),
        timestamp=seen.at,
        drift_hash=seen.hash,
        drift_details=seen.details,
        stack=seen.stack,
        event="reported",
    )


def _open(tx: Transaction, draft: ReportDraft, seen: _Sighting, report: DriftReport) -> None:
    """Open a finding, unless we know of drift there already."""
    if any(known.address == seen.address for known in tx.findings.unhealed(seen.stack)):
        return
    record = FindingRecord(
        id=FindingId(new_id()),
        stack=seen.stack,
        address=seen.address,
        type=draft.type or seen.address.split("[", maxsplit=1)[0].split(".")[-2:][0],
        kind=draft.kind,
        severity=draft.severity,
        score=BASE[draft.severity],
        origin=None,
        fingerprint=Fingerprint(seen.hash),
        state=FindingState.OPEN,
        first_seen=seen.at,
        last_seen=seen.at,
        times_seen=1,
        report_id=report.report_id,
        details=_details(draft, seen),
        template_id=report.template_id,
        acted_on=False,
    )
    tx.findings.put_many([record])
    emit(tx, DRIFT_DETECTED, record.id, finding_body(record), at=seen.at)


def _details(draft: ReportDraft, seen: _Sighting) -> Json:
    """Return the finding object of `scan --json`, as far as the report goes."""
    return {
        "address": seen.address,
        "type": draft.type,
        "kind": draft.kind.value,
        "severity": draft.severity.word,
        "origin": None,
        "requires_replace": False,
        "fingerprint": seen.hash,
        "source": None,
        "changes": list(_changes(seen.details)),
        "consequences": [],
        "consequence_of": None,
        "reason": "reported by another source",
    }


def _changes(details: Json) -> Iterator[dict[str, Any]]:
    changes = details.get("changes")
    for change in changes[:_MOST_CHANGES] if isinstance(changes, list) else ():
        path = change.get("path") if isinstance(change, dict) else None
        if isinstance(path, str) and path and len(path) <= _LONGEST_PATH:
            yield {
                "path": path,
                **{name: change.get(name) for name in _VALUES},
                "origin": None,
                "sensitive": bool(change.get("sensitive")),
                "forces_replacement": False,
            }
