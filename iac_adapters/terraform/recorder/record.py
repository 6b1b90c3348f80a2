"""Record the code of a stack: stock terraform evaluates it, our tunnels take note.

What one plan cannot tell, because a condition of the code fails or two objects are recorded
alike, others are made for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Final

from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.diagnostics_text import parse_events
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.recorder.attempt import attempt
from iac_adapters.terraform.recorder.conditions import (
    EVALUATING,
    LOOKING,
    as_recorded,
    without_deletions,
)
from iac_adapters.terraform.recorder.deferred_reads import DeferredReads
from iac_adapters.terraform.recorder.failure import plan_failure
from iac_adapters.terraform.recorder.order import RecordingOrder, StartProvider
from iac_adapters.terraform.recorder.plan_modes import RECORDING, PlanMode
from iac_adapters.terraform.recorder.recorded import Recorded
from iac_adapters.terraform.recorder.twins import indistinct, told_apart
from iac_adapters.terraform.schema_store import SchemaStore
from reconciler.domain.errors import PermanentError

MISSING_TYPE: Final = b"does not support resource type"
_TARGETED_PLANS: Final = 16


async def record(order: RecordingOrder, *, schemas: SchemaStore, start: StartProvider) -> Recorded:
    """Evaluate the code once and return what every provider was told.

    Raises:
        PermanentError: the code does not evaluate; the message holds file, line and caret.
        PluginStartError: a provider could not be started.
        RetryableError: see `attempt`.
    """
    recorded, run = await attempt(order, schemas=schemas, start=start)
    if recorded is None and MISSING_TYPE in run.stdout:
        order = replace(order, types=None)
        recorded, run = await attempt(order, schemas=schemas, start=start)
    if recorded is None:
        raise _failure(order, run)
    try:
        mode, deferred = RECORDING, DeferredReads(order, schemas, start)
        while recorded.unread and (again := await deferred.mode(recorded)) is not None:
            mode = again
            recorded = await _replaced(order, recorded, mode, schemas=schemas, start=start)
            recorded = replace(recorded, awaited=deferred.awaited)
        if recorded.conditions and not recorded.unread:
            recorded = await _despite(order, recorded, schemas=schemas, start=start)
        await _tell_apart(order, recorded, mode, schemas=schemas, start=start)
    except BaseException:
        # Nobody else knows of them: they would run as long as the daemon does.
        await asyncio.shield(_close(recorded))
        raise
    return recorded


async def _replaced(
    order: RecordingOrder,
    stopped: Recorded,
    mode: PlanMode,
    *,
    schemas: SchemaStore,
    start: StartProvider,
) -> Recorded:
    """Return what a plan in `mode` leaves behind; `stopped` where that is nothing."""
    again, _ = await attempt(order, schemas=schemas, start=start, mode=mode)
    if again is None:
        return stopped
    await _close_before(stopped, again)
    return again


async def _despite(
    order: RecordingOrder, stopped: Recorded, *, schemas: SchemaStore, start: StartProvider
) -> Recorded:
    """Return `stopped` with what stands behind the conditions that failed evaluated as well."""
    once_more = partial(attempt, order, schemas=schemas, start=start)
    answers = partial(as_recorded, stopped.captures)
    whole, _ = await once_more(mode=PlanMode((EVALUATING,), answers))
    if whole is not None:
        await _close_before(stopped, whole)
        without_deletions(whole.captures)
        return replace(stopped, captures=whole.captures, warm=whole.warm)
    # A condition may keep the rest from an error of its own: then what is recorded is all.
    seen, _ = await once_more(mode=PlanMode((LOOKING,), answers))
    return stopped if seen is None else _with_seen(stopped, seen)


def _with_seen(stopped: Recorded, seen: Recorded) -> Recorded:
    """Return `stopped` with the objects that only the other plan has come to."""
    first = len(stopped.captures)
    for capture in seen.captures:
        capture.index += first
    warm = {first + index: provider for index, provider in seen.warm.items()}
    return replace(
        stopped, captures=[*stopped.captures, *seen.captures], warm={**stopped.warm, **warm}
    )


async def _close_before(stopped: Recorded, again: Recorded) -> None:
    """Close `stopped`, in whose place comes `again`; a cancelled caller leaves neither behind."""
    try:
        await asyncio.shield(_close(stopped))
    except asyncio.CancelledError:
        await asyncio.shield(_close(again))
        raise


async def close(providers: Iterable[Provider]) -> None:
    """End each of `providers`, whatever becomes of the others."""
    await asyncio.gather(*(provider.close() for provider in providers), return_exceptions=True)


async def _close(recorded: Recorded) -> None:
    await close(recorded.warm.values())


async def _tell_apart(
    order: RecordingOrder,
    recorded: Recorded,
    mode: PlanMode,
    *,
    schemas: SchemaStore,
    start: StartProvider,
) -> None:
    """Plan by itself each of the few instances that the whole plan cannot tell apart."""
    addresses = indistinct(recorded.captures, order.instances)[:_TARGETED_PLANS]
    for instance in order.instances:
        if instance.address not in addresses or instance.deposed:
            continue
        target = f"-target={instance.address}"
        # OpenTofu takes no target beside an exclusion.
        alone = replace(order, arguments=(*order.arguments, target), exclusions=())
        targeted, _ = await attempt(alone, schemas=schemas, start=start, mode=mode)
        if targeted is None:
            continue
        await _close(targeted)
        # What it depends on was planned, and the instance itself was not.
        if not targeted.unread:
            told_apart(recorded.captures, targeted.captures, instance)


def _failure(order: RecordingOrder, run: ToolRun) -> PermanentError:
    diagnostics, _ = parse_events(run.stdout)
    return plan_failure(
        order.directory,
        tool=order.executable.name,
        diagnostics=diagnostics,
        stderr=run.stderr,
        exit_code=run.exit_code,
    )
