"""Which plans of ours were carried out since a stack was last scanned."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reconciler.domain.model import ResourceAddress
from reconciler.domain.own_plans import Planned, left_open
from reconciler.domain.plan import PlannedChange
from reconciler.domain.records import Remediation, Run, StackRecord
from reconciler.stores import Transaction

_MOST_RUNS: Final = 5
_SCANNED_WITHIN: Final = timedelta(minutes=5)
"""A scan of the whole stack follows each apply at once."""


def planned_since_scan(view: Transaction, stack: StackRecord, *, serial: int | None) -> Planned:
    """Return what our applies since the last scan of `stack` were to do, by address.

    An adapter knows what an apply chose by what it read before, which a daemon that died in
    between has lost; the plan of a run is kept with its remediation. There is none where the
    state, of `serial` now, is the one that was scanned: a plan that undoes drift alone was not
    written to it, though it has every value of that plan.
    """
    if stack.error is None and serial is not None and serial == stack.serial:
        return {}
    found: dict[ResourceAddress, tuple[PlannedChange, ...]] = {}
    for run in reversed(view.runs.page(stack=stack.name, limit=_MOST_RUNS).items):
        known = view.remediations.get(run.remediation_id)
        if known is None or known.plan is None or not _is_unseen(run, known, stack):
            continue
        if known.plan.get("digest") == run.plan_digest:
            found.update(left_open(known.plan))
    return found


def _is_unseen(run: Run, known: Remediation, stack: StackRecord) -> bool:
    """Whether no scan that saw anything came after `run`, as far as the stack tells."""
    if stack.error is None:
        return stack.last_scan_at is not None and run.started_at >= stack.last_scan_at
    if stack.verified_at is None or run.started_at < stack.verified_at:
        return False
    # Before the first that failed there was one, which need not have been complete. A hand may
    # have changed since what it saw.
    failing = stack.error_since
    return failing is None or known.updated_at >= failing - _SCANNED_WITHIN
