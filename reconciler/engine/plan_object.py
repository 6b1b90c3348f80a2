"""A plan as it is kept with its remediation and shown to people."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from reconciler.domain.lifecycle import finding_of
from reconciler.domain.model import Snapshot
from reconciler.domain.plan import Plan, PlannedChange, concerns
from reconciler.domain.records import FindingRecord, StackRecord
from reconciler.wire.scan import value_object


def concerns_about(
    plan: Plan, records: Iterable[FindingRecord], *, snapshot: Snapshot, stack: StackRecord | None
) -> tuple[str, ...]:
    """Return why `plan` needs a person, a sentence each.

    What a load tells of the providers counts, and what only the last scan of the whole stack
    could tell: what vanished together, what was not read.
    """
    scanned = stack.provider_doubts if stack is not None else ()
    findings = [finding_of(record) for record in records]
    return concerns(plan, findings, doubts=(*snapshot.provider_doubts, *scanned))


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
    }


def _change_object(change: PlannedChange) -> dict[str, Any]:
    return {
        "path": change.path,
        "before": value_object(change.before),
        "after": value_object(change.after),
    }
