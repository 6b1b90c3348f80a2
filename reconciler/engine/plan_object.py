"""A plan as it is kept with its remediation and shown to people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from reconciler.domain.doubts import without_answers
from reconciler.domain.plan import Plan, PlannedChange, shown_digest
from reconciler.wire.scan import value_object


def plan_object(
    plan: Plan, *, reasons: Sequence[str] = (), digest: str | None = None
) -> dict[str, Any]:
    """Return `plan` with the `reasons` why it needs a person, and the digest that covers both.

    `digest` is that under which it is asked about; None where nobody is asked.
    """
    script = plan.script
    return {
        "stack": plan.stack,
        "targets": list(plan.targets),
        "summary": plan.summary,
        "digest": digest or shown_digest(plan, reasons=map(without_answers, reasons)),
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
