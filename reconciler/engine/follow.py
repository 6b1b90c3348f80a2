"""From the intent to the end of an apply, also of one that an earlier daemon began."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from typing import Final, TypeAlias

from reconciler.domain.cadence import retry_after
from reconciler.domain.errors import PermanentError, ReconcilerError, RetryableError, StorageError
from reconciler.domain.events import RUN_ENDED
from reconciler.domain.records import Remediation, Run, RunState, StackRecord
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.domain.run_folder import RunFolder
from reconciler.engine.breaker import trip
from reconciler.engine.defects import defect, outcome_of
from reconciler.engine.folders import drop_plans
from reconciler.engine.journal import audit, emit
from reconciler.engine.moves import move, sentence, the_remediation
from reconciler.engine.preparing import Prepared
from reconciler.engine.run_log import RunTail
from reconciler.engine.runs import folder_of, process_of, run_body
from reconciler.engine.scanned import Loaded, load
from reconciler.engine.scripted import is_scripted, script_outcome
from reconciler.engine.service import Service
from reconciler.ports import (
    Done,
    Exited,
    Failed,
    IacAdapter,
    InDoubt,
    NeverBegun,
    Outcome,
    RunnerProcess,
    Running,
    Vanished,
)
from reconciler.stores import Transaction

NEVER_BEGAN: Final = "the daemon ended before the apply began; nothing was run"
Over: TypeAlias = Exited | Vanished | NeverBegun
"""How an apply can be over."""

_TAIL_EVERY_S: Final = 0.25
_POLL_EVERY_S: Final = 0.5


async def begin(
    service: Service, begun: tuple[Remediation, Run], prepared: Prepared, *, holding: int
) -> bool:
    """Start the runner of an intent that is in the store, and stay with it to its end.

    The runner keeps `holding`, the stack's lock, for as long as it lives.
    """
    remediation, run = begun
    try:
        process = await service.runner.start(prepared.job, folder_of(service, run), holding=holding)
    except StorageError:
        raise
    except ReconcilerError as error:
        return await _end(service, remediation, run, _of_start(error), ended=None)
    except Exception as error:  # noqa: BLE001 - it may have begun: only a scan can tell
        doubt = InDoubt(sentence(defect(error)))
        return await _end(service, remediation, run, doubt, ended=None)
    run = replace(run, pid=process.pid, pid_started=process.started_at_s, boot_id=process.boot_id)
    known_run = run
    await service.store.transact(lambda tx: tx.runs.put(known_run))
    ended = await _until_ended(service, run, process, prepared.adapter)
    loaded = Loaded(prepared.adapter, prepared.snapshot)
    outcome = _outcome(service, loaded, remediation, run, ended)
    return await _end(service, remediation, run, outcome, ended=ended)


async def adopt(service: Service, known: Remediation) -> bool:
    """Wait for an apply that an earlier daemon began, and end it as if it were ours.

    One whose process is gone without a record ends in doubt. One that never began has done
    nothing, and is planned anew.
    """
    run, stack = await service.store.read(
        lambda view: (
            view.runs.get(known.run_id) if known.run_id else None,
            view.stacks.get(known.stack),
        )
    )
    if run is None:
        return await _end(service, known, None, InDoubt("its run is not known"), ended=None)
    if _never_began(service, run):
        return await _end(service, known, run, Failed(NEVER_BEGAN), ended=None)
    if stack is None:
        return await _end(service, known, run, InDoubt("its stack is not registered"), ended=None)
    loaded = await _loaded(service, stack)
    if isinstance(loaded, ReconcilerError):
        # The run itself may be what keeps it from being read: once more at its end.
        ended = await _ended(service, run, process_of(run))
        loaded = await _loaded(service, stack)
    else:
        ended = await _until_ended(service, run, process_of(run), loaded.adapter)
    outcome = _outcome(service, loaded, known, run, ended)
    return await _end(service, known, run, outcome, ended=ended)


async def _loaded(service: Service, stack: StackRecord) -> Loaded | ReconcilerError:
    # The run goes on all the same.
    return await outcome_of(lambda: load(service, stack), let_through=(StorageError,))


def _never_began(service: Service, run: Run) -> bool:
    if process_of(run) is not None:
        return False
    return isinstance(service.runner.state(None, folder_of(service, run)), NeverBegun)


def _of_start(error: ReconcilerError) -> Outcome:
    if isinstance(error, PermanentError | RetryableError):
        return Failed(sentence(error))
    return InDoubt(sentence(error))


def _outcome(
    service: Service,
    loaded: Loaded | ReconcilerError,
    known: Remediation,
    run: Run,
    ended: Over,
) -> Outcome:
    if isinstance(ended, NeverBegun):
        return Failed(NEVER_BEGAN)
    if is_scripted(known):
        return script_outcome(ended)
    if isinstance(loaded, ReconcilerError):
        return _untold(loaded)
    try:
        return loaded.adapter.outcome(
            loaded.snapshot, ended=ended, log=RunFolder(folder_of(service, run)).log
        )
    except ReconcilerError as error:
        return _untold(error)
    except Exception as error:  # noqa: BLE001 - an end nobody can read is in doubt
        return _untold(defect(error))


def _untold(error: ReconcilerError) -> InDoubt:
    return InDoubt(f"how it ended is unknown: {sentence(error)}")


async def _until_ended(
    service: Service, run: Run, process: RunnerProcess | None, adapter: IacAdapter
) -> Over:
    """Return when it ended; until then its progress goes to the store and the live stream."""
    tail = RunTail(service, run, adapter)
    waiting = asyncio.ensure_future(_ended(service, run, process))
    try:
        while not waiting.done():
            await asyncio.wait({waiting}, timeout=_TAIL_EVERY_S)
            await tail.catch_up()
        return waiting.result()
    finally:
        waiting.cancel()


async def _ended(service: Service, run: Run, process: RunnerProcess | None) -> Over:
    folder = folder_of(service, run)
    if process is not None:
        return await service.runner.wait(process, folder)
    # We died before we knew which process it is; its folder knows.
    while isinstance(state := service.runner.state(None, folder), Running):  # noqa: ASYNC110 - it is another process
        await asyncio.sleep(_POLL_EVERY_S)
    return state


async def _end(
    service: Service,
    known: Remediation,
    run: Run | None,
    outcome: Outcome,
    *,
    ended: Over | None,
) -> bool:
    at = service.clock.now()
    await service.store.transact(
        lambda tx: _write_end(tx, service, known, run, outcome, ended=ended, at=at)
    )
    if run is not None:
        folder = folder_of(service, run)
        drop_plans(folder)
        await asyncio.to_thread(service.logs.seal, RunFolder(folder).log)
    return True


def _write_end(  # noqa: PLR0913 - one transaction over everything that is known
    tx: Transaction,
    service: Service,
    known: Remediation,
    run: Run | None,
    outcome: Outcome,
    *,
    ended: Over | None,
    at: datetime,
) -> None:
    # Read anew: somebody may have asked it to stop, which is no transition.
    fresh = the_remediation(tx, known.id)
    if fresh.state is not RemediationState.APPLYING or fresh.run_id != known.run_id:
        return
    if run is not None:
        _end_run(tx, tx.runs.get(run.id) or run, outcome, ended, at=at)
    interrupted = isinstance(ended, Exited) and ended.interrupted
    match outcome:
        case Done(summary=summary):
            move(tx, fresh, Event.APPLY_ENDED, at=at, note=summary)
        case InDoubt(reason=reason, for_person=True):
            move(tx, fresh, Event.GIVEN_UP, at=at, note=reason)
            trip(tx, service.limits_of(fresh.stack), at=at, why=f"remediation {fresh.id}: {reason}")
        case InDoubt(reason=reason):
            move(tx, fresh, Event.APPLY_IN_DOUBT, at=at, note=reason)
            trip(tx, service.limits_of(fresh.stack), at=at)
        case Failed(reason=reason, read_first=True) if not interrupted:
            move(tx, fresh, Event.APPLY_ENDED, at=at, note=reason)
        case Failed(reason=reason):
            if interrupted or fresh.attempts >= service.attempts:
                move(tx, fresh, Event.GIVEN_UP, at=at, note=reason)
            else:
                again = at + retry_after(fresh.attempts)
                move(tx, fresh, Event.APPLY_FAILED_CLEANLY, at=at, note=reason, next_at=again)
            if not interrupted:
                trip(tx, service.limits_of(fresh.stack), at=at)


def _end_run(
    tx: Transaction,
    run: Run,
    outcome: Outcome,
    ended: Over | None,
    *,
    at: datetime,
) -> None:
    state, summary = _told(outcome)
    over = replace(
        run,
        state=state,
        summary=summary,
        ended_at=at,
        exit_code=ended.exit_code if isinstance(ended, Exited) else None,
    )
    tx.runs.put(over)
    audit(tx, f"run.{state.value}", run.id, at=at, details={"summary": summary})
    emit(tx, RUN_ENDED, run.id, run_body(over), at=at)


def _told(outcome: Outcome) -> tuple[RunState, str]:
    match outcome:
        case Done(summary=summary):
            return RunState.FINISHED, summary
        case Failed(reason=reason):
            return RunState.FAILED, reason
        case InDoubt(reason=reason):
            return RunState.IN_DOUBT, reason
