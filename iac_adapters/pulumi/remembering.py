"""The baseline of a stack now: what is remembered of it, brought up to what was done since."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Sequence
from itertools import pairwise

from iac_adapters.pulumi.backend import MOST_STATE_BYTES
from iac_adapters.pulumi.baseline import (
    Baseline,
    Baselines,
    baseline_of,
    carried_on,
    written_by,
)
from iac_adapters.pulumi.context import Context
from iac_adapters.pulumi.evaluation import Evaluation
from iac_adapters.pulumi.history import REFRESHING, Entry, history_by_cli, history_of
from iac_adapters.pulumi.record import history_checkpoint
from reconciler.bounded_files import apart, read_bytes
from reconciler.domain.errors import PermanentError


async def remembered(
    context: Context, evaluation: Evaluation | None, baselines: Baselines
) -> Baseline:
    """Return what the last update left of the stack, and remember it.

    Raises:
        PermanentError: it cannot be kept.
        ReconcilerError: what was done to the stack could not be asked for.
    """
    digest = hashlib.sha256(context.content).hexdigest()
    known = await asyncio.to_thread(baselines.load, context.place)
    if known is not None and known.state_digest == digest:
        return known
    entries = await _entries(context)
    mark_ns = entries[0].written_ns if entries else 0
    now = baseline_of(context.checkpoint, state_digest=digest, mark_ns=mark_ns)
    if known is None:
        baseline = await _first(context, now, entries)
    else:
        newer = [entry for entry in entries if entry.written_ns > known.mark_ns]
        refreshed_only = bool(newer) and all(entry.kind in REFRESHING for entry in newer)
        in_vain = bool(newer) and all(entry.vain or entry.kind in REFRESHING for entry in newer)
        baseline = carried_on(
            known,
            now,
            refreshed_only=refreshed_only,
            in_vain=in_vain,
            evaluation=evaluation,
            written=await _written(context, now, entries, since_ns=known.mark_ns),
        )
    try:
        await asyncio.to_thread(baselines.store, context.place, baseline)
    except OSError as error:
        raise PermanentError(
            f"{context.place.label}: what its last update left cannot be kept: {error.strerror}",
            remedy="look at the space and the rights of the data directory",
        ) from error
    return baseline


async def _entries(context: Context) -> Sequence[Entry]:
    if context.place.root is None:
        return await history_by_cli(context.cli)
    return await asyncio.to_thread(lambda: list(history_of(context.place)))


async def _first(context: Context, now: Baseline, entries: Sequence[Entry]) -> Baseline:
    """Return the baseline of a stack met for the first time.

    Where refreshes were the last that happened to it, what the update before them left is
    read from the backend's history.
    """
    if not entries or entries[0].kind not in REFRESHING:
        return now
    updated = next((entry for entry in entries if entry.kind not in REFRESHING), None)
    if updated is None or updated.checkpoint is None:
        return now
    left = await _left_by(context, updated)
    if left is None:
        return now  # pruned: what is recorded now is all that is left to go by
    return carried_on(left, now, refreshed_only=True, evaluation=None)


async def _written(
    context: Context, now: Baseline, entries: Sequence[Entry], *, since_ns: int
) -> frozenset[str]:
    """Return what updates have written since; all there is where the history does not say.

    Without this a value that somebody deployed from a newer checkout looks like drift that a
    refresh adopted, and is taken back unasked.
    """
    found: frozenset[str] = frozenset()
    for entry, earlier in pairwise((*entries, None)):
        if entry is None or entry.written_ns <= since_ns:
            break
        if entry.vain or entry.kind in REFRESHING:
            continue
        before = await _left_by(context, earlier)
        after = await _left_by(context, entry)
        if before is None or after is None:
            return frozenset(now.resources)
        found |= written_by(before, after)
    return found


async def _left_by(context: Context, entry: Entry | None) -> Baseline | None:
    """Return what an operation left; None where that cannot be read any more."""
    file = entry.checkpoint if entry is not None else None
    if file is None:
        return None
    try:
        content = await apart(lambda: read_bytes(file, most=MOST_STATE_BYTES), place=file)
    except PermanentError:
        return None
    left = await history_checkpoint(context.place, context.cli, content)
    return baseline_of(left) if left is not None else None
