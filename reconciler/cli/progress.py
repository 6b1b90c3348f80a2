"""How a long scan gets on: on a terminal, after half a second, on stderr; else silent."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final, TextIO

from reconciler.cli.paint import safe
from reconciler.domain.model import Observed, Snapshot
from reconciler.domain.state_lineage import StateMark

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

_QUIET_S: Final = 0.5


class ScanProgress:
    """One line per stack while it is worked on; nothing is left on the screen at the end.

    Used inside a running loop. What ends within `_QUIET_S` shows nothing at all.
    """

    def __init__(self, stream: TextIO, environment: Mapping[str, str] = os.environ) -> None:
        self._stream = stream
        self._wanted = stream.isatty() and environment.get("TERM") != "dumb"
        self._bar: Progress | None = None
        self._lines: list[StackProgress] = []
        self._timer: asyncio.TimerHandle | None = None

    def clear(self) -> None:
        """Leave the screen as it was before; the next scan begins anew."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self._bar:
            self._bar.stop()
            self._bar = None
        self._lines.clear()

    def watch(self, stack: str) -> StackProgress:
        """Return what shows one scan of `stack`."""
        if self._wanted and not self._lines:
            self._timer = asyncio.get_running_loop().call_later(_QUIET_S, self._start)
        listener = StackProgress(stack)
        self._lines.append(listener)
        if self._bar:
            listener.attach(self._bar)
        return listener

    def say(self, text: str) -> None:
        """Show what is being done before there is anything to count."""
        for line in self._lines:
            line.say(text)

    def _start(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - a quick scan must not pay for it
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # noqa: PLC0415

        self._bar = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[doing]}", markup=False, style="dim"),
            console=Console(file=self._stream),
            transient=True,
            refresh_per_second=8,
        )
        for line in self._lines:
            line.attach(self._bar)
        self._bar.start()


class StackProgress:
    """Counts one stack's scan, and shows it once there is a bar to show it on."""

    def __init__(self, stack: str) -> None:
        self._stack = safe(stack)
        self._total: int | None = None
        self.state = StateMark()
        """Which state was read; that of no state until it is loaded."""
        self._done = 0
        self._doing = "reading code and state"
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def attach(self, bar: Progress) -> None:
        """Show this stack on `bar` from now on."""
        self._bar = bar
        self._task = bar.add_task(
            self._stack, total=self._total, completed=self._done, doing=self._doing
        )

    def say(self, text: str) -> None:
        """Show what is being done, as long as nothing is being read yet."""
        if self._total is None:
            self._doing = safe(text)
            self._show()

    def loaded(self, snapshot: Snapshot, *, total: int) -> None:
        """See `engine.scan.Watcher`."""
        self.state = StateMark(snapshot.lineage, snapshot.serial)
        self._total, self._doing = total, "asking the cloud"
        self._show()

    def observed(self, seen: Observed) -> None:
        """See `engine.scan.Watcher`."""
        del seen
        self._done += 1
        self._show()

    def _show(self) -> None:
        if self._bar is not None and self._task is not None:
            self._bar.update(self._task, total=self._total, completed=self._done, doing=self._doing)
