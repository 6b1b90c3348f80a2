"""One scan of one stack and what is decided from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from reconciler.domain.cadence import SHORTEST, is_due, next_scan_after
from reconciler.domain.events import (
    STACK_ERROR,
    STACK_SCANNED,
    StackFailed,
    StackScanned,
)
from reconciler.domain.lifecycle import fold, implausible
from reconciler.domain.model import ProviderDoubt, StackName
from reconciler.domain.records import FindingState, Health, Remediation, RemediationId, StackRecord
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.state_lineage import doubt_since_scan
from reconciler.domain.wakeups import ScanStack
from reconciler.engine.due import advance_soon
from reconciler.engine.findings import keep
from reconciler.engine.host_drift import adopt
from reconciler.engine.ignoring import ignore_by_rules
from reconciler.engine.journal import emit
from reconciler.engine.moves import sentence
from reconciler.engine.opening import end_overtaken, open_wanted
from reconciler.engine.opinions import Opinions, decided_by, decided_of_hosts, opinions_on
from reconciler.engine.quarantine.moving import carry_over, follow_moved, left_state, readdress
from reconciler.engine.quarantine.releasing import release_due
from reconciler.engine.quarantine.scanning import (
    being_changed,
    left_with_all,
    note_reconnected,
    without_isolated,
)
from reconciler.engine.scanned import Blind, Scanned, scan
from reconciler.engine.service import Service
from reconciler.engine.suppression import reopen_ended
from reconciler.engine.templates import derive
from reconciler.stores import Transaction
from reconciler.wire import mapping

_LONGEST_SCAN: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class ScanOutcome:
    """What is to be done after a scan."""

    again_after: timedelta | None
    look_at: tuple[RemediationId, ...] = ()


async def scan_and_decide(service: Service, name: StackName) -> timedelta | None:
    """Look at the stack once, and return when to look again; None when there is no such stack.

    What was seen is kept, policies have been asked, and remediations were opened, replaced or
    ended. A failure of the stack itself is kept with the stack, and its findings stay as they
    are.

    Raises:
        StorageError: the database cannot be used.
    """
    stack = await service.store.read(lambda view: view.stacks.get(name))
    if stack is None:
        return None
    if await service.store.read(lambda view: _in_motion(view, name, since=None)):
        return SHORTEST
    kept = await _scanned(service, stack)

    def work(tx: Transaction) -> timedelta | None:
        now = tx.stacks.get(name)
        outcome = kept(tx)
        if now is not None and now.next_due_at != stack.next_due_at:
            _keep_due(tx, now)
        advance_soon(tx, outcome.look_at)
        return outcome.again_after

    return await service.store.transact(work)


async def _scanned(service: Service, stack: StackRecord) -> Callable[[Transaction], ScanOutcome]:
    """Look at the stack, and return what keeps what was seen."""
    seen = await scan(service, stack)
    if isinstance(seen, Blind):
        return partial(_blind, name=stack.name, blind=seen, at=service.clock.now())
    opinions = await opinions_on(service, seen.report)
    return partial(_seen, name=stack.name, seen=seen, opinions=opinions, service=service)


def _keep_due(tx: Transaction, before: StackRecord) -> None:
    """Leave a stack due as somebody made it while it was scanned: that scan may not show why."""
    outcome = tx.stacks.get(before.name)
    if outcome is not None:
        tx.stacks.put(replace(outcome, next_due_at=before.next_due_at))
        tx.wake(ScanStack(before.name, before.next_due_at))


async def scan_when_due(service: Service, name: StackName) -> timedelta | None:
    """Do what `scan_and_decide` does if the stack is due; else nothing.

    Raises:
        StorageError: the database cannot be used.
    """
    stack = await service.store.read(lambda view: view.stacks.get(name))
    if stack is None or not is_due(stack, now=service.clock.now()):
        return None
    return await scan_and_decide(service, name)


def _in_motion(view: Transaction, name: StackName, *, since: datetime | None) -> bool:
    """Whether an apply of ours is under way, or ended after `since`."""
    if any(run.stack == name for run in view.runs.started()):
        return True
    last = next(iter(view.runs.page(stack=name, limit=1).items), None)
    if since is None or last is None or last.ended_at is None:
        return False
    # One that ended long after now did so by a clock that has been set back since.
    return since < last.ended_at <= since + _LONGEST_SCAN


def _set_due(tx: Transaction, stack: StackRecord, due: datetime) -> None:
    tx.stacks.put(replace(stack, next_due_at=due))
    tx.wake(ScanStack(stack.name, due))


def _blind(tx: Transaction, name: StackName, blind: Blind, *, at: datetime) -> ScanOutcome:
    stack = tx.stacks.get(name)
    if stack is None:
        return ScanOutcome(None)
    message = sentence(blind.error)
    failed = replace(
        stack,
        health=Health.ERROR,
        error=message,
        error_since=stack.error_since or at,
        last_scan_at=at,
        last_scan_ms=round(blind.took_ms, 1),
    )
    acted_on = any(record.acted_on for record in tx.findings.unhealed(name))
    again_after = next_scan_after(failed, now=at, acted_on=acted_on)
    _set_due(tx, failed, at + again_after)
    emit(tx, STACK_ERROR, name, StackFailed(stack=name, error=message), at=at)
    _publish_scan(tx, failed, at=at)
    return ScanOutcome(again_after)


def _seen(
    tx: Transaction, name: StackName, seen: Scanned, opinions: Opinions, *, service: Service
) -> ScanOutcome:
    stack = tx.stacks.get(name)
    if stack is None:
        return ScanOutcome(None)
    if _in_motion(tx, name, since=seen.began_at):
        # An apply began or ended meanwhile: what was seen is neither before nor after it.
        return ScanOutcome(SHORTEST)
    at = seen.report.observed_at
    quarantines = carry_over(tx, tx.quarantines.unreleased(name), seen.moved, at=at)
    readdress(tx, name, quarantines, seen.moved)
    under_way = being_changed(tx, quarantines, at=at)
    known = tx.findings.unhealed(name) if quarantines else ()
    report = without_isolated(
        seen.report, quarantines, records=known, judging=service.judging, under_way=under_way
    )
    whole, seen = seen, replace(seen, report=report)
    doubt = implausible(
        seen.report, last_good=stack.counts, same_revision=seen.revision == stack.revision
    )
    of_state = doubt_since_scan(stack, seen.state)
    sound = doubt is None and of_state is None
    if of_state is None:
        # A state that is gone or another one's says nothing of what is isolated.
        note_reconnected(tx, quarantines, whole, at=at, under_way=under_way)
    if seen.declarations is not None:
        derive(tx, name, seen.declarations, at=at)
    if sound and seen.declarations is not None:
        # A state that is gone or another one's declares no host, and would heal what is found.
        adopt(tx, name, seen.declarations, at=at, key=service.judging.key)
    if sound:
        tx.baselines.put_many(name, seen.report.begun)
    elsewhere = left_state(tx, name, seen.recorded)
    folded = fold(tx.findings.unhealed(name), seen.report, may_heal=sound, kept=elsewhere)
    records = reopen_ended(tx, keep(tx, name, folded, at=at), at=at)
    records = follow_moved(tx, records, quarantines, seen.moved, at=at)
    records = ignore_by_rules(tx, name, records, service.ignores, at=at)
    kept = end_overtaken(tx, name, folded, at=at)
    open_ones = [record for record in records if record.state is FindingState.OPEN]
    decided = decided_by(tx, open_ones, opinions, seen.report)
    decided += decided_of_hosts(tx, name, at=at)
    opened, acted_on = open_wanted(
        tx,
        decided,
        still_open=kept,
        together=seen.report.together,
        at=at,
        confirm_after=service.confirm_after,
    )
    fresh = _freshened(stack, seen, doubt, of_state)
    if folded.opened:
        fresh = replace(fresh, drifted_at=at)
    again_after = next_scan_after(
        fresh,
        now=at,
        acted_on=acted_on,
        confirm_by=_confirm_by((*kept, *opened), service.confirm_after),
    )
    left = left_with_all(quarantines, whole) if sound else ()
    release_due(tx, at=at, stack=name, left=left)
    _set_due(tx, fresh, at + again_after)
    _publish_scan(tx, fresh, at=at)
    return ScanOutcome(again_after, tuple(remediation.id for remediation in (*kept, *opened)))


def _freshened(
    stack: StackRecord, seen: Scanned, doubt: str | None, of_state: ProviderDoubt | None
) -> StackRecord:
    report = seen.report
    complete = doubt is None and not report.incomplete
    if of_state is None:
        stack = replace(stack, lineage=seen.state.lineage, serial=seen.state.serial)
    return replace(
        stack,
        health=_health(seen, complete=complete),
        # What the next scan is held against: the last one that listed everything.
        counts=report.counts if doubt is None else stack.counts,
        revision=_declared_in(stack, seen, of_state),
        obtained_by=report.obtained_by.value,
        last_scan_at=report.observed_at,
        last_scan_ms=round(seen.took_ms, 1),
        verified_at=report.observed_at if complete else stack.verified_at,
        error=doubt,
        error_since=None if doubt is None else stack.error_since or report.observed_at,
        # Of a state in doubt first: it explains the others.
        provider_doubts=(*(() if of_state is None else (of_state,)), *report.provider_doubts),
    )


def _declared_in(stack: StackRecord, seen: Scanned, of_state: ProviderDoubt | None) -> str | None:
    """Return the revision whose declarations are kept; None where they are to be read again.

    They are after a state in doubt, whatever state comes next, and after a plan that ended with
    an error, which does not tell all that is declared.
    """
    if of_state is not None:
        return None
    if seen.report.listed is not None and seen.revision != stack.revision:
        return None
    return seen.revision


def _health(seen: Scanned, *, complete: bool) -> Health:
    if not complete:
        return Health.INCOMPLETE
    return Health.DRIFTED if seen.report.findings else Health.IN_SYNC


def _confirm_by(open_ones: tuple[Remediation, ...], confirm_after: timedelta) -> datetime | None:
    waiting = [
        remediation.created_at + confirm_after
        for remediation in open_ones
        if remediation.state is RemediationState.DETECTED
    ]
    return min(waiting, default=None)


def _publish_scan(tx: Transaction, stack: StackRecord, *, at: datetime) -> None:
    body = mapping.shown(
        StackScanned,
        stack,
        stack=stack.name,
        counts=stack.counts,
        provider_doubts=list(stack.provider_doubts),
    )
    emit(tx, STACK_SCANNED, stack.name, body, at=at)
