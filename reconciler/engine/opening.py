"""From what a scan saw to what is to be done: policies asked, remediations opened and ended."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.deciding import Decided
from reconciler.domain.details import added_as_of
from reconciler.domain.lifecycle import Fold, subject_of
from reconciler.domain.model import Kind, Origin, ResourceAddress, StackName
from reconciler.domain.policy import Act, ActionType, action_on
from reconciler.domain.quarantines import resource_of
from reconciler.domain.records import FindingRecord, Remediation
from reconciler.domain.remediation_states import BEFORE_EFFECT, Event, RemediationState
from reconciler.domain.sources import is_of_agent
from reconciler.engine.freshness import CHANGED, GONE
from reconciler.engine.moves import move, still_there, tell
from reconciler.engine.new_remediations import new_remediation
from reconciler.engine.quarantine.joining import join
from reconciler.stores import Transaction

MOST_PARTS: Final = 10
"""Each is planned by a run of the tool, one after the other: of more, one plan is made.

Of more quarantines, the next scan opens the next ones.
"""


def end_overtaken(
    tx: Transaction, stack: StackName, folded: Fold, *, at: datetime
) -> tuple[Remediation, ...]:
    """End the remediations whose drift changed or is gone; return those that stay open."""
    changed = {change.known.id for change in folded.changed}
    gone = {record.id for record in folded.healed}
    kept = []
    for known in tx.remediations.open_of(stack):
        if known.state in BEFORE_EFFECT and changed & set(known.finding_ids):
            move(tx, known, Event.DRIFT_CHANGED, at=at, note=CHANGED)
        elif _may_end(known) and gone & set(known.finding_ids) and _all_healed(tx, known):
            move(tx, known, Event.DRIFT_GONE, at=at, note=GONE)
        else:
            kept.append(known)
    return tuple(kept)


def open_wanted(
    tx: Transaction,
    decided: Iterable[Decided],
    *,
    still_open: Iterable[Remediation],
    together: Iterable[Collection[ResourceAddress]],
    at: datetime,
    confirm_after: timedelta,
) -> tuple[tuple[Remediation, ...], bool]:
    """Note what the policies say of open findings, and open what they want done.

    Returns the remediations opened, one per policy and action, and whether anything is
    acted on at all. What a person decides about is divided into what is `together`.
    """
    open_ones, decisions = tuple(still_open), tuple(decided)
    acted_on = _note_acted_on(tx, decisions)
    taken = {finding_id for remediation in open_ones for finding_id in remediation.finding_ids}
    wanted = [
        (record, decision.policy.policy_id, action_on(decision, subject_of(record)))
        for record, decision in decisions
        if isinstance(decision, Act) and record.decision is None and record.id not in taken
    ]
    isolated = [record for record, _, action in wanted if action is ActionType.QUARANTINE]
    covered = join(tx, isolated, still_open=open_ones, at=at)
    # No plan of the stack acts on what is undeclared: it must not wait for one, nor another for
    # it. What destroys an added child is a plan of its own.
    groups: dict[tuple[str, ActionType, str], list[FindingRecord]] = defaultdict(list)
    for record, policy_id, action in wanted:
        if record.id not in covered:
            groups[policy_id, action, _whose_plan(record, action)].append(record)
    sets = {address: number for number, group in enumerate(together) for address in group}
    parts = [
        (policy_id, action, part)
        for (policy_id, action, _), records in groups.items()
        for part in _parts(records, action, sets)
    ]
    opened = _open_parts(tx, parts, at=at, confirm_after=confirm_after)
    return opened, acted_on


def _note_acted_on(tx: Transaction, decided: Iterable[Decided]) -> bool:
    """Note of each finding whether a policy acts on it, and return whether any does."""
    told = [(record, isinstance(decision, Act)) for record, decision in decided]
    tx.findings.put_many(
        replace(record, acted_on=acts) for record, acts in told if record.acted_on is not acts
    )
    return any(acts for _, acts in told)


def _whose_plan(record: FindingRecord, action: ActionType) -> str:
    """Return what tells the drifts that one plan may be about from all others."""
    if action is ActionType.QUARANTINE:
        # It corrects none of them: a second proposal would find nothing left to detach.
        return "edges"
    # What an agent sees is no plan's difference: what provisions the host is made anew.
    if is_of_agent(record.seen_by) or record.kind is Kind.ADDED or added_as_of(record.details):
        return record.address
    return "none" if record.origin is Origin.UNDECLARED else "stack"


def _parts(
    records: Sequence[FindingRecord], action: ActionType, sets: Mapping[ResourceAddress, int]
) -> Sequence[Sequence[FindingRecord]]:
    """Divide what a person decides about; an `auto_correct` stays one run of the tool."""
    if action is ActionType.AUTO_CORRECT:
        return [records]
    parts: dict[int | ResourceAddress, list[FindingRecord]] = defaultdict(list)
    for record in records:
        address = resource_of(record) if action is ActionType.QUARANTINE else record.address
        parts[sets.get(address, address)].append(record)
    if action is ActionType.QUARANTINE:
        # One plan that isolates them all would pass the limit of one at a time.
        worst_first = sorted(parts.values(), key=lambda part: -max(each.severity for each in part))
        return worst_first[:MOST_PARTS]
    return [records] if len(parts) > MOST_PARTS else list(parts.values())


def _open_parts(
    tx: Transaction,
    parts: Iterable[tuple[str, ActionType, Sequence[FindingRecord]]],
    *,
    at: datetime,
    confirm_after: timedelta,
) -> tuple[Remediation, ...]:
    opened = []
    for policy_id, action, records in parts:
        fresh = new_remediation(records, action, at=at, policy_id=policy_id)
        if action is ActionType.AUTO_CORRECT:
            fresh = replace(fresh, next_at=at + confirm_after)
        tx.remediations.add(fresh)
        tell(tx, fresh, at=at)
        opened.append(fresh)
    return tuple(opened)


def _may_end(known: Remediation) -> bool:
    return known.state in BEFORE_EFFECT or known.state is RemediationState.NEEDS_HUMAN


def _all_healed(tx: Transaction, known: Remediation) -> bool:
    return not still_there(tx.findings.get_many(known.finding_ids))
