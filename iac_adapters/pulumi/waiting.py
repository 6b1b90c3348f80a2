"""What a running program waits for, told while it runs: a first run may take many seconds."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final

from iac_adapters.json_lines import object_in
from iac_adapters.pulumi.checkpoint import STACK_TYPE
from iac_adapters.pulumi.events import done_in

TOLD_EVERY_S: Final = 2.0
_SHOWN: Final = 2


class Waiting:
    """The steps that a preview has begun and not ended, as its event stream tells them."""

    def __init__(self) -> None:
        self._begun: dict[str, str] = {}
        self._resources = 0

    def take(self, line: bytes) -> None:
        """Take in one line of the stream; lines that tell no step change nothing."""
        event = object_in(line)
        step = done_in(event) if event is not None else None
        if step is None or step.type == STACK_TYPE:
            return
        if step.stage == "pre":
            self._begun[step.urn] = f"{step.type}::{step.urn.rpartition('::')[2]}"
            return
        self._resources += 1
        self._begun.pop(step.urn, None)

    def words(self, seconds: float) -> str:
        """Return what is going on after so many seconds, as a line that a person reads."""
        names = list(self._begun.values())
        what = "waits for the program"
        if names:
            more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
            what = f"waits for {', '.join(names[:_SHOWN])}{more}"
        return f"running the program for {seconds:.0f} s: {self._resources} resources, {what}"


@asynccontextmanager
async def told(progress: Callable[[str], None], *, label: str) -> AsyncIterator[Waiting]:
    """Tell every two seconds what the program waits for, until the block ends."""
    waiting, started = Waiting(), time.monotonic()

    async def tell() -> None:
        while True:
            await asyncio.sleep(TOLD_EVERY_S)
            progress(f"{label}: {waiting.words(time.monotonic() - started)}")

    progress(f"{label}: running the program")
    task = asyncio.create_task(tell())
    try:
        yield waiting
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
