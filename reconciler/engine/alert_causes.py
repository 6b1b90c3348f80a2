"""What is true of the members of alerts now: their cause, or that there is none."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.alerts import (
    CHANNEL,
    FINDING,
    RELEASE,
    STACK,
    STALE_AFTER,
    cause_of,
    cause_of_channel,
    cause_of_stack,
    read_subject,
    subject_of,
)
from reconciler.domain.channel_losses import severity_of
from reconciler.domain.events import DRIFT_DETECTED
from reconciler.domain.model import Severity, StackName
from reconciler.domain.records import (
    FindingId,
    FindingRecord,
    FindingState,
    Health,
    Remediation,
    RemediationId,
    StackRecord,
)
from reconciler.domain.remediation_states import FOR_PERSON, RemediationState
from reconciler.engine.losing import losses
from reconciler.stores import Transaction

STACK_ERROR: Final = "stack.error"
STACK_STALE: Final = "stack.stale"
WAITING: Final = FOR_PERSON | {RemediationState.UNKNOWN}
"""The states of a release in which it waits for somebody."""
_FIRST_SCAN: Final = timedelta(minutes=10)
"""Before it providers may be installed, which a short interval leaves no time for."""


@dataclass(frozen=True, slots=True)
class Now:
    """What is true of one member: its cause, None when there is nothing to alert about."""

    cause: str | None
    severity: Severity
    stack: StackName | None = None
    """None of a channel that fails, which is no stack's."""
    event: str | None = None
    """What is told when it joins an alert, whatever event led to it."""


def now_of(
    tx: Transaction, subjects: Iterable[str], *, at: datetime, started_at: datetime | None
) -> dict[str, Now]:
    """Return what is true of members now; of what is not there any more, nothing.

    A stack with an open alert has no time after a start: its alert would end and come anew.
    """
    named: defaultdict[str, list[str]] = defaultdict(list)
    for subject in subjects:
        kind, name = read_subject(subject)
        named[kind].append(name)
    now = {
        subject_of(FINDING, record.id): _of_finding(record)
        for record in tx.findings.get_many([FindingId(name) for name in named[FINDING]])
    }
    alerted = _alerted(tx, named[STACK])
    for name in named[STACK]:
        stack = tx.stacks.get(StackName(name))
        if stack is not None:
            since = None if name in alerted else started_at
            now[subject_of(STACK, name)] = _of_stack(stack, at=at, started_at=since)
    for name in named[RELEASE]:
        release = tx.remediations.get(RemediationId(name))
        if release is not None:
            now[subject_of(RELEASE, name)] = _of_release(release)
    lost = losses(tx) if named[CHANNEL] else {}
    for name in lost.keys() & set(named[CHANNEL]):
        now[subject_of(CHANNEL, name)] = Now(cause_of_channel(name), severity_of(lost[name]))
    return now


def is_stale(stack: StackRecord, *, at: datetime, started_at: datetime | None) -> bool:
    """Whether no scan has verified a stack for three of its intervals.

    One that was never verified counts from its registration, and has time for a slow first scan.
    A daemon that was down for days has one interval to do so, or that time: else its start would
    be an alert for each stack.
    """
    first = _FIRST_SCAN if stack.verified_at is None else timedelta()
    since = stack.verified_at or stack.registered_at
    if since is None or at - since <= max(STALE_AFTER * stack.interval, first):
        return False
    # A start that lies ahead was noted by a clock that has been set back since.
    grace = max(stack.interval, first)
    return started_at is None or not timedelta() <= at - started_at <= grace


def _alerted(tx: Transaction, stacks: Iterable[str]) -> frozenset[str]:
    """Return the stacks that are open members of alerts."""
    known = tx.alerts.members_named([subject_of(STACK, name) for name in stacks])
    return frozenset(read_subject(each.subject)[1] for each in known.values() if each.open)


def _of_finding(record: FindingRecord) -> Now:
    is_open = record.state in (FindingState.OPEN, FindingState.QUARANTINED)
    cause = cause_of(record) if is_open else None
    return Now(cause, record.severity, record.stack, event=DRIFT_DETECTED)


def _of_stack(stack: StackRecord, *, at: datetime, started_at: datetime | None) -> Now:
    has_error = stack.health is Health.ERROR
    fails = has_error or is_stale(stack, at=at, started_at=started_at)
    cause = cause_of_stack(stack.name) if fails else None
    # A scan that was told of late finds the stack stale: of that alone no channel hears.
    event = STACK_ERROR if has_error else STACK_STALE
    return Now(cause, Severity.HIGH, stack.name, event=event)


def _of_release(release: Remediation) -> Now:
    # It is of no finding, and may wait when its drift is gone: nothing else would tell of it.
    waits = release.state in WAITING
    cause = subject_of(RELEASE, release.id) if waits else None
    return Now(cause, Severity.HIGH, release.stack)
