"""One attempt: a fresh plan, and if it may be, exactly that plan applied."""

from __future__ import annotations

from contextlib import ExitStack
from datetime import datetime

from reconciler.domain.cadence import patience
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError
from reconciler.domain.records import Remediation, RunId
from reconciler.domain.remediation_states import Event
from reconciler.engine.evaluating import evaluated
from reconciler.engine.folders import drop
from reconciler.engine.follow import begin
from reconciler.engine.freshness import check
from reconciler.engine.intent import conclude
from reconciler.engine.journal import new_id
from reconciler.engine.moves import move, sentence, unhealed_of, wanted_since
from reconciler.engine.preparing import prepare
from reconciler.engine.service import Service
from reconciler.engine.setting_apart import set_apart
from reconciler.stores import Transaction


async def attempt(service: Service, known: Remediation) -> bool:
    """Plan `known` anew, and apply that plan if a person or a policy allows exactly it.

    The intent is in the store before the runner begins. Returns whether there is a next step.
    """
    run_id = RunId(new_id())
    folder = service.runs / run_id
    begun = None
    with ExitStack() as held:
        # Two attempts at one stack at once: the tool's lock, or ours, refuses the second.
        async with service.planning[known.stack]:
            try:
                prepared = await prepare(service, known, folder)
                if isinstance(prepared, ReconcilerError):
                    return await _not_planned(service, known, prepared)
                # What is slow comes before the fresh read, which is to be as late as can be.
                fresh = await evaluated(service, known)
                checked = await check(service, known, prepared.plan, held)
                if isinstance(checked, ReconcilerError):
                    return await _not_planned(service, known, checked)
                at = service.clock.now()
                begun = await service.store.transact(
                    lambda tx: conclude(tx, service, fresh, prepared, checked, run_id=run_id, at=at)
                )
            finally:
                if begun is None:
                    drop(folder)
        if begun is None:
            return True
        assert checked is not None  # noqa: S101 - nothing begins without a check
        return await begin(service, begun, prepared, holding=checked.holding)


async def _not_planned(service: Service, known: Remediation, error: ReconcilerError) -> bool:
    """Wait when it is worth waiting, else hand what is the reason to a person."""
    at = service.clock.now()
    note = sentence(error)

    def work(tx: Transaction) -> None:
        if isinstance(error, RetryableError):
            again = at + patience(wanted_since(known), at)
            move(tx, known, Event.PLAN_FAILED, at=at, note=note, next_at=again)
        elif not _refused_in_part(tx, known, error, at=at, why=note):
            move(tx, known, Event.GIVEN_UP, at=at, note=note)

    await service.store.transact(work)
    return True


def _refused_in_part(
    tx: Transaction, known: Remediation, error: ReconcilerError, *, at: datetime, why: str
) -> bool:
    about = error.about if isinstance(error, PermanentError) else frozenset()
    return set_apart(tx, known, unhealed_of(tx, known), about, at=at, why=why)
