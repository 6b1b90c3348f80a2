"""A plan as it is kept with its remediation and shown to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.domain.plan import Plan, PlannedChange
from reconciler.wire.scan import value_object


def plan_object(plan: Plan, *, reasons: Sequence[str] = ()) -> dict[str, Any]:
    """Return `plan` with its digest, and with the `reasons` why it needs a person."""
    script = plan.script
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
        **({"script": {**script.stated(), "lack": script.lack}} if script else {}),
    }


def _change_object(change: PlannedChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "before": value_object(change.before),
        "after": value_object(change.after),
    }
