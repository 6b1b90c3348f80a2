"""How an apply gets on, read off its log as it grows."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from reconciler.domain.model import StackName
from reconciler.domain.records import Run, RunState
from reconciler.domain.run_folder import RunFolder
from reconciler.engine.journal import emit
from reconciler.engine.runs import folder_of, progress_body
from reconciler.engine.service import Service
from reconciler.ports import IacAdapter, Progress
from reconciler.script_launcher import PREFIX
from reconciler.stores import Transaction

MOST_AT_ONCE_BYTES: Final = 1 << 20
LONGEST_LINE_BYTES: Final = 1 << 18
_MOST_TEXTS: Final = 20
_LONGEST_SHOWN: Final = 2000
SECRETS_UNKNOWN: Final = "a line of the script, shown once the stack is scanned again"


class RunTail:
    """Follows one run's log; what it means goes to the run's row and the live stream."""

    def __init__(self, service: Service, run: Run, adapter: IacAdapter) -> None:
        self._service = service
        self._run = run
        self._adapter = adapter
        self._offset = 0
        self._rest = b""

    async def catch_up(self) -> None:
        """Take in the lines that were written since the last time."""
        steps: dict[str, str] = {}
        texts: list[str] = []
        for line in await self._lines():
            seen = line_meaning(line, self._adapter, stack=self._run.stack)
            if seen is None:
                continue
            texts.append(seen.text)
            if seen.address is not None and seen.step is not None:
                steps[seen.address] = seen.step.value
        if texts:
            await self._service.store.transact(lambda tx: self._tell(tx, steps, texts))

    async def _lines(self) -> list[bytes]:
        chunk = await asyncio.to_thread(
            self._service.logs.read,
            RunFolder(folder_of(self._service, self._run)).log,
            self._offset,
            MOST_AT_ONCE_BYTES,
        )
        self._offset += len(chunk)
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        # A line without an end must not fill the memory.
        self._rest = self._rest[:LONGEST_LINE_BYTES]
        return lines

    def _tell(self, tx: Transaction, steps: dict[str, str], texts: list[str]) -> None:
        run = tx.runs.get(self._run.id)
        if run is None or run.state is not RunState.STARTED:
            return
        run = replace(run, progress={**run.progress, **steps})
        tx.runs.put(run)
        body = progress_body(run, steps, texts[-_MOST_TEXTS:])
        emit(tx, "run.progress", run.id, body, at=self._service.clock.now())


def line_meaning(line: bytes, adapter: IacAdapter, *, stack: StackName | None) -> Progress | None:
    """Return what one line of a run's log means; None when it is of no interest.

    What a script says is repeated without the secrets of its stack.
    """
    if not line.startswith(PREFIX):
        return adapter.progress(line, stack=stack)
    text = line.removeprefix(PREFIX).decode(errors="replace").strip()
    if not text:
        return None
    safe = adapter.without_secrets(text, stack=stack) if stack is not None else None
    return Progress(SECRETS_UNKNOWN if safe is None else safe[:_LONGEST_SHOWN])


def read_plain(log: Path, offset: int, most_bytes: int) -> bytes:
    """Return what stands in a log that is not sealed from `offset` on."""
    try:
        with log.open("rb") as stream:
            stream.seek(offset)
            return stream.read(most_bytes)
    except FileNotFoundError:
        return b""


def read_progress(
    log: Path,
    offset: int,
    adapter: IacAdapter,
    *,
    read: Callable[[Path, int, int], bytes] = read_plain,
    stack: StackName | None = None,
    most_bytes: int = MOST_AT_ONCE_BYTES,
) -> tuple[tuple[Progress, ...], int]:
    """Return what the whole lines from `offset` on mean, and where the next one begins.

    A line longer than `most_bytes` is passed over.
    """
    chunk = read(log, offset, most_bytes)
    end = chunk.rfind(b"\n") + 1
    if not end and len(chunk) == most_bytes:
        return (), offset + len(chunk)
    # Not `splitlines`: behind a carriage return a script's words would pass for the tool's.
    lines = chunk[:end].split(b"\n")
    seen = (line_meaning(line, adapter, stack=stack) for line in lines)
    return tuple(progress for progress in seen if progress is not None), offset + end
