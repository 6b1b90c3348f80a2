"""Are the edges detached, or attached again? A fresh read of exactly these."""

from __future__ import annotations

from dataclasses import replace

from reconciler.domain.policy import ActionType, Driver
from reconciler.domain.quarantines import Quarantine, left_behind
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import Event
from reconciler.engine.due import scan_soon
from reconciler.engine.moves import move, sentence
from reconciler.engine.quarantine.keeping import activate, end, isolated, quarantine_of
from reconciler.engine.quarantine.leaving import children_of, left_by
from reconciler.engine.quarantine.reading import attached, detached, out_of_state
from reconciler.engine.scanned import Blind, Scanned, scan
from reconciler.engine.service import Service
from reconciler.engine.verify import doubt_of_state, give_up, not_read, try_again
from reconciler.stores import Transaction


async def verify_edges(service: Service, known: Remediation) -> bool:
    """End `known` when every edge is as it has to be; else try again, or ask a person."""
    stack, quarantine = await service.store.read(
        lambda view: (view.stacks.get(known.stack), quarantine_of(view, known))
    )
    if stack is None:
        return await give_up(service, known, f"stack {known.stack} is not registered any more")
    if quarantine is None:
        return await give_up(service, known, "which edges it is about is not known any more")
    edges = frozenset({*quarantine.addresses, *children_of(quarantine)})
    seen = await scan(service, stack, addresses=edges)
    if isinstance(seen, Blind):
        return await not_read(service, known, sentence(seen.error))
    if (doubt := doubt_of_state(known, stack, seen)) is not None:
        return await not_read(service, known, doubt)
    if (silent := _unanswered(known, quarantine, seen)) is not None:
        return await not_read(service, known, silent)
    await service.store.transact(lambda tx: _judge(tx, service, known, quarantine, seen))
    return True


def _unanswered(known: Remediation, quarantine: Quarantine, seen: Scanned) -> str | None:
    """Return which edge gave no answer, and why; None where each was read.

    What left the state meanwhile shows no drift either, so nothing says that it is isolated.
    For its release it has left for good: a state without it never shows that it is connected.
    """
    unread = seen.unread(quarantine.addresses)
    if unread is not None or known.action_type is not ActionType.QUARANTINE:
        return unread
    gone = out_of_state(quarantine, seen)
    return f"{gone[0]} is not in the state any more, so nothing shows what it is" if gone else None


def _judge(
    tx: Transaction, service: Service, known: Remediation, quarantine: Quarantine, seen: Scanned
) -> None:
    at = seen.report.observed_at
    scan_soon(tx, known.stack, at=service.clock.now())
    isolates = known.action_type is ActionType.QUARANTINE
    if quarantine.driver is Driver.SCRIPT and (why := _script_failed(tx, known)) is not None:
        try_again(tx, service, known, why, at=at)
        return
    if quarantine.script is not None and isolates:
        script = replace(quarantine.script, left=left_by(quarantine, seen.report))
        quarantine = replace(quarantine, script=script)
    left = attached(quarantine, seen) if isolates else detached(quarantine, seen)
    if left:
        word = _word(quarantine.driver, isolates=isolates)
        try_again(tx, service, known, f"still {word}: {', '.join(left[:3])}", at=at)
        return
    note = _verified(quarantine, seen, isolates=isolates)
    move(tx, known, Event.VERIFIED, at=at, note=note)
    fresh = tx.quarantines.get(quarantine.id) or quarantine
    if isolates:
        activate(tx, replace(fresh, note=None, script=quarantine.script), at=at)
    else:
        end(tx, fresh, known, at=at)


def _script_failed(tx: Transaction, known: Remediation) -> str | None:
    """Return why the script cannot have done its task; None where it says that it has.

    No read can tell what it did beyond the stack, so its own word is needed too.
    """
    run = tx.runs.get(known.run_id) if known.run_id else None
    if run is None or run.exit_code is None:
        return "how the script ended is not known"
    return None if run.exit_code == 0 else f"the script ended with exit code {run.exit_code}"


def _word(driver: Driver, *, isolates: bool) -> str:
    if driver is Driver.SCRIPT:
        return "as the script that isolated left it"
    if driver is Driver.SWAP:
        return "without the isolation group alone" if isolates else "with the isolation group"
    return "attached" if isolates else "detached"


def _verified(quarantine: Quarantine, seen: Scanned, *, isolates: bool) -> str:
    if not isolates and (gone := out_of_state(quarantine, seen)):
        if quarantine.driver is Driver.SWAP:
            return left_behind(quarantine, gone)
        return (
            f"the script says that it released: {', '.join(gone[:3])} is not in the state any more,"
            " so no read shows it"
        )
    names = ", ".join(isolated(quarantine))
    return f"verified: {names} is isolated" if isolates else f"verified: {names} is connected again"
