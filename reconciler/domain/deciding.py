"""What policies say of findings that are kept."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from reconciler.domain.coverage import covering, resource_id
from reconciler.domain.lifecycle import subject_of
from reconciler.domain.policy import Act, ActionType, Decision, Policy, action_on, decide
from reconciler.domain.records import FindingRecord, Template

Decided = tuple[FindingRecord, Decision]


def decide_all(
    records: Iterable[FindingRecord],
    policies: Sequence[Policy],
    *,
    uploaded: Sequence[Template],
    now: datetime,
) -> list[Decided]:
    """Return what the policies say of each record; `uploaded` are the templates of people."""
    decided = []
    for record in records:
        named = resource_id(record.stack, record.address)
        subject = subject_of(record, templates=covering(uploaded, named, record.type))
        decided.append((record, decide(subject, policies, now=now)))
    return decided


def wants(decided: Sequence[Decided], action: ActionType) -> bool:
    """Whether a policy wants exactly `action` about each of the records, and there are any."""
    return bool(decided) and all(
        isinstance(decision, Act) and action_on(decision, subject_of(record)) is action
        for record, decision in decided
    )
