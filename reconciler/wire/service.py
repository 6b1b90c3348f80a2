"""What the daemon's API answers with: each record as the JSON object `docs/api.md` shows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final, TypeVar

from orjson import Fragment

from reconciler.domain.model import Severity
from reconciler.domain.records import (
    AuditEntry,
    DriftReport,
    EventEntry,
    FindingRecord,
    Hold,
    Json,
    Page,
    Remediation,
    Run,
    StackRecord,
    Template,
    Token,
)
from reconciler.wire.kept import KeptObject, spliced
from reconciler.wire.model import Wire
from reconciler.wire.scan import doubt_object, timestamp

T = TypeVar("T")
Object = dict[str, Any]
_NONE_OPEN: Final = {severity.word: 0 for severity in sorted(Severity, reverse=True)}


def page_object(page: Page[T], show: Callable[[T], Object | Fragment | Wire]) -> Object:
    """Return one page of a list; `next` is the cursor that continues it."""
    return {"items": [show(item) for item in page.items], "next": page.next}


def whole_object(items: Iterable[T], show: Callable[[T], Object]) -> Object:
    """Return a list that is never longer than one page."""
    return {"items": [show(item) for item in items], "next": None}


def stack_record_object(
    stack: StackRecord, *, open_findings: Mapping[str, int], suppressed: int = 0
) -> Object:
    """Return a registered stack; `open_findings` counts its own by severity word."""
    return {
        "name": stack.name,
        "tool": stack.tool,
        "directory": stack.directory,
        "interval_s": stack.interval.total_seconds(),
        "adaptive": stack.adaptive,
        "source": stack.source,
        "definition": stack.definition,
        "health": stack.health.value,
        "counts": asdict(stack.counts) if stack.counts else None,
        "findings": {**_NONE_OPEN, **open_findings},
        "suppressed": suppressed,
        "obtained_by": stack.obtained_by,
        "revision": stack.revision,
        "verified_at": moment(stack.verified_at),
        "last_pass_at": moment(stack.last_pass_at),
        "last_pass_ms": stack.last_pass_ms,
        "error": stack.error,
        "error_since": moment(stack.error_since),
        "next_due_at": moment(stack.next_due_at),
        "provider_doubts": [doubt_object(doubt) for doubt in stack.provider_doubts],
    }


def template_object(template: Template) -> Object:
    """Return a template with the declared form it holds."""
    return {
        "template_id": template.template_id,
        "resource_type": template.resource_type,
        "template_definition": template.template_definition,
        "created_at": timestamp(template.created_at),
        "updated_at": timestamp(template.updated_at),
        "name": template.name,
        "revision": template.revision,
        "source": template.source,
        "resource_id": template.resource_id,
        "applies_to": list(template.applies_to),
        "baseline_hash": template.baseline_hash,
    }


def report_object(report: DriftReport) -> Object:
    """Return a drift report."""
    return {
        "report_id": report.report_id,
        "resource_id": report.resource_id,
        "template_id": report.template_id,
        "timestamp": timestamp(report.timestamp),
        "drift_hash": report.drift_hash,
        "drift_details": report.drift_details,
        "stack": report.stack,
        "event": report.event,
        "seen_by": report.seen_by,
    }


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
    }


FINDING_COLUMNS: Final = frozenset(
    {
        *("id", "stack", "address", "type", "kind", "severity", "score", "origin", "fingerprint"),
        *("state", "first_seen", "last_seen", "times_seen", "resource_id", "template_id"),
        *("report_id", "acted_on", "healed_at", "seen_by"),
    }
)
"""The keys of `_own_columns`. What is kept was ordered by them: one that joins must be none
that details ever had."""


def remediation_object(remediation: Remediation) -> Object:
    """Return a remediation; `state` is the word of its phase."""
    return {
        "id": remediation.id,
        "stack": remediation.stack,
        "report_id": remediation.report_id,
        "finding_ids": list(remediation.finding_ids),
        "addresses": list(remediation.addresses),
        "action_type": remediation.action_type.value,
        "state": remediation.phase.value,
        "hold": _hold_of(remediation),
        "plan": remediation.plan,
        "plan_digest": remediation.plan_digest,
        "approvals": [
            {"person": one.person, "plan_digest": one.plan_digest, "at": timestamp(one.at)}
            for one in remediation.approvals
        ],
        "run_id": remediation.run_id,
        "created_at": timestamp(remediation.created_at),
        "updated_at": timestamp(remediation.updated_at),
        "policy_id": remediation.policy_id,
        "requested_by": remediation.requested_by,
        "attempts": remediation.attempts,
        "note": remediation.note,
        "guard": remediation.guard,
        "next_at": moment(remediation.next_at),
        "expires_at": moment(remediation.expires_at),
    }


def run_object(run: Run) -> Object:
    """Return one attempt; where it ran and as which process stays inside."""
    return {
        "id": run.id,
        "remediation_id": run.remediation_id,
        "stack": run.stack,
        "state": run.state.value,
        "plan_digest": run.plan_digest,
        "started_at": timestamp(run.started_at),
        "ended_at": moment(run.ended_at),
        "exit_code": run.exit_code,
        "summary": run.summary,
        "progress": dict(run.progress),
    }


def line_object(text: str, *, address: str | None = None, step: str | None = None) -> Object:
    """Return one line of a run's log; `step` is where the resource of `address` stands."""
    return {"text": text, "address": address, "step": step}


def hold_object(hold: Hold | None) -> Object:
    """Return the kill switch: who pulled it and why, or null."""
    if hold is None:
        return {"hold": None}
    return {
        "hold": {
            "by": hold.by,
            "reason": hold.reason,
            "since": timestamp(hold.since),
            "until": moment(hold.until),
        }
    }


def audit_object(entry: AuditEntry) -> Object:
    """Return who did what to what."""
    return {
        "seq": entry.seq,
        "at": timestamp(entry.at),
        "actor": entry.actor,
        "actor_kind": entry.actor_kind and entry.actor_kind.value,
        "action": entry.action,
        "subject": entry.subject,
        "details": entry.details,
    }


def event_object(entry: EventEntry) -> Object:
    """Return the data of one event of the live stream."""
    return {
        "seq": entry.seq,
        "at": timestamp(entry.at),
        "type": entry.type,
        "subject": entry.subject,
        "body": entry.body,
    }


def token_object(token: Token) -> Object:
    """Return a token without its secret, of which only a digest is kept anyway."""
    return {
        "token_id": token.token_id,
        "name": token.name,
        "role": token.role.value,
        "created_at": timestamp(token.created_at),
        "expires_at": moment(token.expires_at),
        "last_used_at": moment(token.last_used_at),
    }


def moment(at: datetime | None) -> str | None:
    """Return RFC 3339 in UTC, or null."""
    return timestamp(at) if at else None


def _hold_of(remediation: Remediation) -> Object | None:
    if remediation.hold_reason is None:
        return None
    return {
        "reason": remediation.hold_reason,
        "until": moment(remediation.hold_until),
        "guard": remediation.guard,
    }
