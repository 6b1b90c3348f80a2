"""Objects of the API as a test needs them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

DIGEST: Final = "9b1c" * 16


def before(**span: float) -> str:
    """Return the moment that long ago, as the API writes it."""
    return (datetime.now(UTC) - timedelta(**span)).isoformat().replace("+00:00", "Z")


def stack(name: str = "webshop", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "tool": "terraform",
        "directory": f"/srv/{name}",
        "interval_s": 900.0,
        "adaptive": False,
        "source": "config",
        "definition": {"directory": f"/srv/{name}", "engine": "auto", "var_files": []},
        "health": "in_sync",
        "counts": None,
        "findings": {"critical": 0, "high": 0, "medium": 0, "low": 0},
        "suppressed": 0,
        "provider_doubts": [],
        "obtained_by": "plugin",
        "revision": "r1",
        "verified_at": before(minutes=4.5),
        "last_scan_at": before(minutes=4.5),
        "last_scan_ms": 812.0,
        "error": None,
        "error_since": None,
        "next_due_at": before(minutes=-10.5),
        **more,
    }


def change(path: str = "visibility_timeout_seconds", **more: Any) -> dict[str, Any]:
    return {
        "path": path,
        "declared": 45,
        "recorded": 45,
        "live": 99,
        "origin": "out_of_band",
        "sensitive": False,
        "forces_replacement": False,
        **more,
    }


def finding(
    id: str = "f100000000000000aaaa",  # noqa: A002 - as the API calls it
    address: str = "aws_sqs_queue.orders",
    **more: Any,
) -> dict[str, Any]:
    stack_name = more.get("stack", "webshop")
    return {
        "id": id,
        "stack": stack_name,
        "address": address,
        "resource_id": f"{stack_name}/{address}",
        "type": "aws_sqs_queue",
        "kind": "changed",
        "severity": "medium",
        "score": 47,
        "origin": "out_of_band",
        "requires_replace": False,
        "fingerprint": "ab" * 32,
        "source": {"file": "main.tf", "line": 12},
        "changes": [change()],
        "consequences": [],
        "consequence_of": None,
        "reason": None,
        "state": "open",
        "first_seen": before(hours=2.5),
        "last_seen": before(minutes=1.5),
        "times_seen": 12,
        "report_id": "r1",
        "template_id": None,
        "acted_on": True,
        "healed_at": None,
        "seen_by": "scan",
        **more,
    }


def plan(**more: Any) -> dict[str, Any]:
    return {
        "stack": "webshop",
        "targets": ["aws_sqs_queue.orders"],
        "summary": "1 to update",
        "digest": DIGEST,
        "resources": [
            {
                "address": "aws_sqs_queue.orders",
                "type": "aws_sqs_queue",
                "action": "update",
                "changes": [{"path": "visibility_timeout_seconds", "before": 99, "after": 45}],
            }
        ],
        "outputs": [],
        "concerns": [],
        **more,
    }


def remediation(
    id: str = "e100000000000000aaaa",  # noqa: A002 - as the API calls it
    state: str = "awaiting_approval",
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": id,
        "stack": "webshop",
        "report_id": "r1",
        "finding_ids": ["f100000000000000aaaa"],
        "addresses": ["aws_sqs_queue.orders"],
        "action_type": "manual_review",
        "state": state,
        "hold": None,
        "plan": plan(),
        "plan_digest": DIGEST,
        "approvals": [],
        "run_id": None,
        "created_at": before(minutes=9.5),
        "updated_at": before(minutes=3.5),
        "policy_id": None,
        "requested_by": "ana",
        "attempts": 0,
        "note": None,
        "guard": None,
        "next_at": None,
        "expires_at": before(hours=-20.5),
        **more,
    }


def run(
    id: str = "d100000000000000aaaa",  # noqa: A002 - as the API calls it
    state: str = "finished",
    **more: Any,
) -> dict[str, Any]:
    return {
        "id": id,
        "remediation_id": "e100000000000000aaaa",
        "stack": "webshop",
        "state": state,
        "plan_digest": DIGEST,
        "started_at": "2026-05-01T10:00:00.000Z",
        "ended_at": "2026-05-01T10:00:42.500Z",
        "exit_code": 0,
        "summary": "1 changed",
        "progress": {"aws_sqs_queue.orders": "done"},
        **more,
    }


def report(**more: Any) -> dict[str, Any]:
    return {
        "report_id": "r1",
        "resource_id": "webshop/aws_sqs_queue.orders",
        "template_id": None,
        "timestamp": before(hours=2.5),
        "drift_hash": "cd" * 32,
        "drift_details": {"changes": [change()]},
        "stack": "webshop",
        "event": "detected",
        "seen_by": "scan",
        **more,
    }


def audit_entry(seq: int = 7, **more: Any) -> dict[str, Any]:
    return {
        "seq": seq,
        "at": before(minutes=1.5),
        "actor": "ana",
        "actor_kind": None,
        "action": "remediation.approved",
        "subject": "e1",
        "details": {"digest": "9b"},
        **more,
    }


def ignore_rule(name: str = "scaler", **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "reason": "the autoscaler writes it",
        "owner": None,
        "expires_at": None,
        **dict.fromkeys(("stack", "type", "address", "path", "kind", "value")),
        "covers": [],
        "matched": 0,
        "last_matched_at": None,
        **more,
    }


def policy(name: str = "tags", **more: Any) -> dict[str, Any]:
    return {
        "policy_id": f"p-{name}",
        "name": name,
        "template_id": None,
        "drift_threshold": "low",
        "min_score": 0,
        "action_type": "auto_correct",
        "script": None,
        "match": {"type": "aws_sqs_queue", "path": "tags.*"},
        "owner": None,
        "reason": None,
        "expires_at": None,
        "source": "api",
        "position": 3,
        "version": 1,
        **more,
    }


def template(**more: Any) -> dict[str, Any]:
    return {
        "template_id": "t1000000",
        "resource_type": "aws_sqs_queue",
        "template_definition": {"visibility_timeout_seconds": 45},
        "created_at": before(days=3.5),
        "updated_at": before(days=1.5),
        "name": "orders queue",
        "revision": 2,
        "source": "api",
        "resource_id": None,
        "applies_to": ["*/aws_sqs_queue.orders"],
        "baseline_hash": None,
        **more,
    }


def token(**more: Any) -> dict[str, Any]:
    return {
        "token_id": "k100000000",
        "name": "ana",
        "role": "approver",
        "created_at": before(days=3.5),
        "expires_at": before(days=-86.5),
        "last_used_at": None,
        **more,
    }
