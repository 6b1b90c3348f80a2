"""Rules of `trueup.toml` ignore what a scan found, and let it go when they end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler.domain.events import DRIFT_IGNORED
from reconciler.domain.ignoring import IgnoreRule, may_be_ignored, rule_for
from reconciler.domain.model import StackName
from reconciler.domain.records import (
    DriftDecision,
    FindingRecord,
    FindingState,
    RemediationId,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.findings import finding_body
from reconciler.engine.journal import emit
from reconciler.engine.leaving_out import leave_out
from reconciler.stores import Transaction

_BY_RULE: Final = "ignored by a rule"
_TOLD: Final = {FindingState.OPEN: "drift.reopened", FindingState.IGNORED: DRIFT_IGNORED}


def ignore_by_rules(
    tx: Transaction,
    stack: StackName,
    records: Iterable[FindingRecord],
    rules: Sequence[IgnoreRule],
    *,
    at: datetime,
) -> tuple[FindingRecord, ...]:
    """Return `records` as the rules of now leave them: ignored, or open again.

    What a person decided stays. A remediation that had not begun goes on without what is ignored.
    """
    ruled = tuple(_ruled(record, rules, at=at) for record in records)
    changes = [(was, now) for was, now in zip(records, ruled, strict=True) if now is not was]
    tx.findings.put_many(now for _, now in changes)
    for was, now in changes:
        if now.state is not was.state:
            emit(tx, _TOLD[now.state], now.id, finding_body(now), at=at)
    ignored = {now.id for _, now in changes if now.state is FindingState.IGNORED}
    if ignored:
        for known in tx.remediations.open_of(stack):
            leave_out(tx, known, ignored, at=at, why=_BY_RULE)
    return ruled


def _ruled(record: FindingRecord, rules: Sequence[IgnoreRule], *, at: datetime) -> FindingRecord:
    if not may_be_ignored(record):
        return record
    rule = rule_for(rules, record, now=at)
    known = record.decision.rule if record.decision else None
    if rule is None:
        if known is None:
            return record
        return replace(record, state=FindingState.OPEN, decision=None)
    decision = DriftDecision(
        RemediationId(""), RemediationState.SUPPRESSED, rule.owner, rule.reason, rule.expires_at,
        rule=rule.name,
    )  # fmt: skip
    if record.decision == decision:
        return record
    return replace(record, state=FindingState.IGNORED, acted_on=False, decision=decision)
