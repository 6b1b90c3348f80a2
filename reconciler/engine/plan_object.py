"""A plan as it is kept with its remediation and shown to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.domain.plan import Plan, PlannedChange
from reconciler.domain.scripts import PlannedScript
from reconciler.wire.scan import value_object


def plan_object(plan: Plan, *, reasons: Sequence[str] = ()) -> dict[str, Any]:
    """Return `plan` with its digest, and with the `reasons` why it needs a person."""
    return {
        "stack": plan.stack,
        "targets": list(plan.targets),
        "summary": plan.summary,
        "digest": plan.digest,
        "resources": [
            {
                "address": resource.address,
                "type": resource.type,
                "action": resource.action.value,
                "changes": [_change_object(change) for change in resource.changes],
            }
            for resource in plan.resources
        ],
        "outputs": list(plan.outputs),
        "concerns": list(reasons),
        **({"script": _script_object(plan.script)} if plan.script else {}),
    }


def _script_object(script: PlannedScript) -> dict[str, Any]:
    rule, limits = script.rule, script.rule.limits
    return {
        "name": rule.name,
        "path": rule.path,
        "sha256": rule.sha256,
        "seconds": limits.time.total_seconds(),
        "memory": limits.memory,
        "processes": limits.processes,
        "open_files": limits.open_files,
        "file_size": limits.file_size,
        "network": rule.network,
        "isolated": rule.isolated,
        "environment": list(rule.environment),
        "given": dict(script.given),
        "lack": script.lack,
    }


def _change_object(change: PlannedChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "before": value_object(change.before),
        "after": value_object(change.after),
    }
