"""Did it help? An independent fresh read of exactly the addresses that were corrected."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.cadence import patience, retry_after
from reconciler.domain.lifecycle import fold, slot_of
from reconciler.domain.model import Finding
from reconciler.domain.records import Health, Remediation, StackRecord
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.domain.sources import SCAN, is_of_agent
from reconciler.domain.state_lineage import doubt_since_scan, tells_of_state
from reconciler.engine.breaker import trip
from reconciler.engine.due import advance_soon, scan_soon
from reconciler.engine.findings import heal
from reconciler.engine.moves import move, sentence, unhealed_of
from reconciler.engine.scanned import Blind, Scanned, scan
from reconciler.engine.service import Service
from reconciler.stores import Transaction

UNREADABLE_FOR: Final = timedelta(hours=1)
"""How long a read may fail before a person is asked."""
HOST_TO_REPORT: Final = "the agent of the host has not reported yet that it is as declared"


async def verify(service: Service, known: Remediation) -> bool:
    """End `known` when its drift is gone; else try again, or hand it to a person.

    After an apply in doubt only a world without the drift is an end: anything else needs a
    person, since nobody can tell what a second apply would meet.
    """
    stack = await service.store.read(lambda view: view.stacks.get(known.stack))
    if stack is None:
        return await give_up(service, known, f"stack {known.stack} is not registered any more")
    seen = await scan(service, stack, addresses=frozenset(known.addresses))
    if isinstance(seen, Blind):
        return await not_read(service, known, sentence(seen.error))
    if (doubt := doubt_of_state(known, stack, seen)) is not None:
        return await not_read(service, known, doubt)
    if (unread := seen.unread(known.addresses)) is not None:
        return await not_read(service, known, unread)
    waits = await service.store.read(lambda view: _waits_for_a_host(view, known))
    if waits and not seen.report.findings:
        return await not_read(service, known, HOST_TO_REPORT)
    await service.store.transact(lambda tx: _judge(tx, service, known, seen))
    return True


def doubt_of_state(known: Remediation, stack: StackRecord, seen: Scanned) -> str | None:
    """Return why the state that was `seen` tells nothing of how `known` ended; None where it does.

    What a state does not hold that is gone or another one's has neither healed nor is isolated.
    Where the plan was approved with such a doubt shown, that state is the one it is about.
    """
    doubt = doubt_since_scan(stack, seen.state)
    if doubt is None or tells_of_state((known.plan or {}).get("concerns") or ()):
        return None
    return doubt.reason


def _waits_for_a_host(view: Transaction, known: Remediation) -> bool:
    return any(is_of_agent(record.seen_by) for record in unhealed_of(view, known))


def _judge(tx: Transaction, service: Service, known: Remediation, seen: Scanned) -> None:
    at = seen.report.observed_at
    asked = frozenset(known.addresses)
    folded = fold(unhealed_of(tx, known), seen.report, asked=asked)
    heal(tx, folded.healed, at=at)
    # Counts, templates and freshness are those of the whole stack: a scan of it brings them.
    scan_soon(tx, known.stack, at=service.clock.now())
    left = _left(tx, known, seen)
    if not left:
        move(tx, known, Event.VERIFIED, at=at, note=_CONVERGED[known.state])
        _note_health(tx, known)
        return
    addresses = ", ".join(finding.address for finding in left[:3])
    try_again(tx, service, known, f"still drifted: {addresses}", at=at, left="its drift remains")


def try_again(
    tx: Transaction,
    service: Service,
    known: Remediation,
    note: str,
    *,
    at: datetime,
    left: str | None = None,
) -> None:
    """Begin another attempt at what did not help, or hand it to a person after the last one.

    After an apply in doubt there is no other attempt, and nothing begins unasked; what is `left`
    is said with it.
    """
    doubt = known.state is RemediationState.UNKNOWN
    if doubt or known.attempts >= service.attempts:
        move(tx, known, Event.GIVEN_UP, at=at, note=note)
    else:
        again = at + retry_after(known.attempts)
        move(tx, known, Event.STILL_DRIFTED, at=at, note=note, next_at=again)
    why = f"how the apply of remediation {known.id} ended is not known"
    if left is not None:
        why += f", and {left}"
    trip(tx, service.limits_of(known.stack), at=at, why=why if doubt else None)


def _left(tx: Transaction, known: Remediation, seen: Scanned) -> list[Finding]:
    """Return what is still there of what it was about, whatever else is wrong with the resources.

    No plan acts on an undeclared change: none that is still there says that the apply failed.
    """
    about = {slot_of(record) for record in tx.findings.get_many(known.finding_ids)}
    about |= {(address, False) for address in known.addresses}
    return [finding for finding in seen.report.findings if slot_of(finding) in about]


def _note_health(tx: Transaction, known: Remediation) -> None:
    """Call the stack in sync again when nothing of what its last whole scan found is left."""
    stack = tx.stacks.get(known.stack)
    if stack is None or stack.health is not Health.DRIFTED:
        return
    if any(record.seen_by == SCAN for record in tx.findings.unhealed(known.stack)):
        return
    tx.stacks.put(replace(stack, health=Health.IN_SYNC))


_CONVERGED: Final = {
    RemediationState.VERIFYING: "verified: no drift",
    RemediationState.UNKNOWN: "verified: no drift, though it is unknown how the apply ended",
}


async def not_read(service: Service, known: Remediation, why: str) -> bool:
    """Look again later; after an hour of that a person is asked."""
    at = service.clock.now()
    since = await service.store.read(lambda view: _ended_at(view, known))
    if at - since >= UNREADABLE_FOR:
        return await give_up(service, known, why)
    waiting = replace(known, note=why, next_at=at + patience(since, at))

    def work(tx: Transaction) -> None:
        tx.remediations.save(waiting)
        advance_soon(tx, [known.id], due=waiting.next_at)

    await service.store.transact(work)
    return True


def _ended_at(view: Transaction, known: Remediation) -> datetime:
    run = view.runs.get(known.run_id) if known.run_id else None
    return (run.ended_at if run else None) or known.updated_at


async def give_up(service: Service, known: Remediation, why: str) -> bool:
    """Hand `known` to a person, and say why."""
    at = service.clock.now()
    await service.store.transact(lambda tx: move(tx, known, Event.GIVEN_UP, at=at, note=why))
    return True
