"""Records as the engine would write them; each part can be said otherwise."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

from reconciler.domain.model import (
    Counts,
    Fingerprint,
    Kind,
    Origin,
    ResourceAddress,
    Severity,
    StackName,
)
from reconciler.domain.policy import ActionType
from reconciler.domain.principals import Role
from reconciler.domain.records import (
    AuditEntry,
    DriftReport,
    EventEntry,
    FindingId,
    FindingRecord,
    FindingState,
    Health,
    Remediation,
    RemediationId,
    Replay,
    ReportId,
    Run,
    RunId,
    RunState,
    StackRecord,
    Template,
    TemplateId,
    Token,
)
from reconciler.domain.remediation_states import RemediationState

NOW: Final = datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC)
WEBSHOP: Final = StackName("webshop")
HOUR: Final = timedelta(hours=1)


def a_stack(name: str = "webshop", **parts: Any) -> StackRecord:
    whole: dict[str, Any] = {
        "tool": "terraform",
        "directory": "infra/webshop",
        "interval": timedelta(minutes=15),
        "definition": {"var_files": ["a.tfvars"], "workspace": None},
        "health": Health.DRIFTED,
        "counts": Counts(9, 1, 2, 3, 1, 1, 1, 0),
        "last_scan_at": NOW,
        "last_scan_ms": 12.5,
    }
    return StackRecord(StackName(name), **{**whole, **parts})


def a_template(template_id: str = "t1", **parts: Any) -> Template:
    whole: dict[str, Any] = {
        "resource_type": "aws_sqs_queue",
        "template_definition": {"delay_seconds": 5, "tags": {"team": "Köln ✓"}},
        "created_at": NOW,
        "updated_at": NOW,
        "name": "orders",
    }
    return Template(TemplateId(template_id), **{**whole, **parts})


def a_derived_template(address: str, stack: str = "webshop", **parts: Any) -> Template:
    whole = {"source": "stack", "resource_id": f"{stack}/{address}", "baseline_hash": "b1"}
    return a_template(f"{stack}:{address}", **{**whole, **parts})


def a_finding(finding_id: str = "f1", **parts: Any) -> FindingRecord:
    whole: dict[str, Any] = {
        "stack": WEBSHOP,
        "address": ResourceAddress(f"aws_sqs_queue.{finding_id}"),
        "type": "aws_sqs_queue",
        "kind": Kind.CHANGED,
        "severity": Severity.MEDIUM,
        "score": 47,
        "origin": Origin.OUT_OF_BAND,
        "fingerprint": Fingerprint("ab" * 32),
        "state": FindingState.OPEN,
        "first_seen": NOW,
        "last_seen": NOW,
        "times_seen": 1,
        "report_id": ReportId(f"report-of-{finding_id}"),
        "details": {"changes": [{"path": "delay_seconds", "live": 99, "recorded": 5}]},
    }
    return FindingRecord(FindingId(finding_id), **{**whole, **parts})


def a_report(report_id: str = "r1", **parts: Any) -> DriftReport:
    whole: dict[str, Any] = {
        "resource_id": "webshop/aws_sqs_queue.orders",
        "template_id": TemplateId("t1"),
        "timestamp": NOW,
        "drift_hash": "cd" * 32,
        "drift_details": {"kind": "changed", "changes": []},
        "stack": WEBSHOP,
    }
    return DriftReport(ReportId(report_id), **{**whole, **parts})


def a_remediation(remediation_id: str = "m1", *findings: str, **parts: Any) -> Remediation:
    whole: dict[str, Any] = {
        "stack": WEBSHOP,
        "report_id": ReportId("r1"),
        "finding_ids": tuple(map(FindingId, findings)),
        "addresses": tuple(ResourceAddress(f"aws_sqs_queue.{finding}") for finding in findings),
        "fingerprints": tuple(Fingerprint(f"print-{finding}") for finding in findings),
        "action_type": ActionType.MANUAL_REVIEW,
        "state": RemediationState.DETECTED,
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Remediation(RemediationId(remediation_id), **{**whole, **parts})


def a_run(run_id: str = "run1", **parts: Any) -> Run:
    whole: dict[str, Any] = {
        "remediation_id": RemediationId("m1"),
        "stack": WEBSHOP,
        "state": RunState.STARTED,
        "plan_digest": "ef" * 32,
        "folder": f"runs/{run_id}",
        "started_at": NOW,
        "argv_digest": "01" * 32,
        "boot_id": "boot",
        "progress": {"aws_sqs_queue.orders": "pending"},
    }
    return Run(RunId(run_id), **{**whole, **parts})


def an_event(subject: str = "f1", **parts: Any) -> EventEntry:
    whole: dict[str, Any] = {"at": NOW, "type": "drift.detected", "body": {"id": subject}}
    return EventEntry(subject=subject, **{**whole, **parts})


def an_audit_entry(subject: str = "m1", **parts: Any) -> AuditEntry:
    whole: dict[str, Any] = {"at": NOW, "actor": "ada", "action": "approve", "details": {"d": 1}}
    return AuditEntry(subject=subject, **{**whole, **parts})


def a_token(identity: str = "k1", **parts: Any) -> Token:
    whole: dict[str, Any] = {
        "name": "ci",
        "role": Role.OPERATOR,
        "secret_sha256": "23" * 32,
        "created_at": NOW,
    }
    return Token(identity, **{**whole, **parts})


def a_replay(key: str = "key", **parts: Any) -> Replay:
    whole: dict[str, Any] = {
        "token_id": "k1",
        "request_sha256": "45" * 32,
        "status": 201,
        "body": b'{"id": "m1"}\x00\xff',
        "created_at": NOW,
    }
    return Replay(key, **{**whole, **parts})
