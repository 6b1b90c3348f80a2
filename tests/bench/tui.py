"""The terminal UI in a real pseudo-terminal, beside textual's own table in the same run."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import select
import signal
import statistics
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil

ROWS: Final = 100_000
PEER_ROWS: Final = 10_000
"""Textual's table freezes for 20 s with as many rows as ours; a tenth shows the same."""
_SIZE: Final = (50, 160)
_KEYS: Final = 100
_STORM_S: Final = 6.0
_UPDATES: Final = 500
_QUIET_S: Final = 0.25
LIMITS: Final = {"first paint": 0.150, "key to paint": 0.030, "storm": 0.20, "start": 1.0}


@dataclass(slots=True)
class Figures:
    """What one app did: seconds, a share of a core, megabytes."""

    start_s: float
    start_core_s: float
    paint_s: float
    key_p95_s: float
    page_p95_s: float
    storm_share: float
    rss_mb: float


@dataclass(slots=True)
class Terminal:
    """A child in a pseudo-terminal that we read as a terminal would."""

    pid: int
    screen: int
    told: int
    began: float

    def until(self, words: bytes, *, within_s: float) -> float:
        """Return when `words` were drawn."""
        seen = b""
        limit = time.monotonic() + within_s
        while time.monotonic() < limit:
            if select.select([self.screen], [], [], 0.05)[0]:
                seen += os.read(self.screen, 1 << 20)
                if words in seen:
                    return time.monotonic()
        raise TimeoutError(f"{words!r} was never drawn")

    def quiet(self) -> None:
        """Return when nothing is drawn any more."""
        while select.select([self.screen], [], [], _QUIET_S)[0]:
            os.read(self.screen, 1 << 20)

    def key_to_paint(self, key: bytes) -> float:
        """Return the seconds from a key to the first byte drawn for it."""
        began = time.monotonic()
        os.write(self.screen, key)
        select.select([self.screen], [], [], 1.0)
        took = time.monotonic() - began
        while select.select([self.screen], [], [], 0.03)[0]:
            os.read(self.screen, 1 << 20)
        return took

    def drain(self, for_s: float) -> None:
        """Read what is drawn for a time."""
        limit = time.monotonic() + for_s
        while (left := limit - time.monotonic()) > 0:
            if select.select([self.screen], [], [], left)[0]:
                os.read(self.screen, 1 << 20)

    def storm(self, rate: int) -> None:
        """Have the child update `rate` rows a second."""
        Path(f"/tmp/trueup-bench-storm.{self.pid}").write_text(str(rate))

    def data_at(self) -> float:
        """Return when the child had its data."""
        line = b""
        while not line.endswith(b"\n"):
            line += os.read(self.told, 4096)
        at: float = json.loads(line)["data_at"]
        return at


@contextmanager
def _terminal(which: str, count: int, bytecode: str) -> Iterator[Terminal]:
    reading, writing = os.pipe()
    began = time.monotonic()
    pid, screen = pty.fork()
    if pid == 0:
        os.dup2(writing, 3)
        os.environ.update(TERM="xterm-256color", COLORTERM="truecolor")
        # Every start finds the bytecode of the first one, as an installed program's does.
        os.environ.update(PYTHONDONTWRITEBYTECODE="", PYTHONPYCACHEPREFIX=bytecode)
        os.execv(  # noqa: S606 - the child is ours
            sys.executable,
            [sys.executable, "-m", "tests.bench.tui_start", which, str(count)],
        )
    os.close(writing)
    fcntl.ioctl(screen, termios.TIOCSWINSZ, struct.pack("HHHH", *_SIZE, 0, 0))
    terminal = Terminal(pid, screen, reading, began)
    try:
        yield terminal
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(screen)
        os.close(reading)
        with contextlib.suppress(FileNotFoundError):
            Path(f"/tmp/trueup-bench-storm.{pid}").unlink()


def measure(which: str, count: int, bytecode: str) -> Figures:
    """Return the figures of one app, which was started before to compile what it imports."""
    with _terminal(which, 1, bytecode) as terminal:
        terminal.data_at()
        terminal.quiet()
    with _terminal(which, count, bytecode) as terminal:
        title = b"Drift" if which == "ours" else b"sev"
        start_s = terminal.until(title, within_s=60) - terminal.began
        used = psutil.Process(terminal.pid).cpu_times()
        painted = terminal.until(b"modul", within_s=120)
        paint_s = painted - terminal.data_at()
        terminal.quiet()
        keys = sorted(terminal.key_to_paint(b"\x1b[B") for _ in range(_KEYS))
        pages = sorted(terminal.key_to_paint(b"\x1b[6~") for _ in range(_KEYS // 4))
        process = psutil.Process(terminal.pid)
        rss = process.memory_info().rss / 1e6
        terminal.storm(_UPDATES)
        terminal.drain(1.0)
        before, began = process.cpu_times(), time.monotonic()
        terminal.drain(_STORM_S)
        after, took = process.cpu_times(), time.monotonic() - began
        share = (after.user + after.system - before.user - before.system) / took
        start_core_s = used.user + used.system
        return Figures(start_s, start_core_s, paint_s, _p95(keys), _p95(pages), share, rss)


def _p95(sorted_values: list[float]) -> float:
    return statistics.quantiles(sorted_values, n=20)[-1]


def tui() -> list[str]:
    """Return the table of both."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as bytecode:
        ours = measure("ours", ROWS, bytecode)
        peer = measure("peer", PEER_ROWS, bytecode)
    rows = (
        ("start to first screen, s", ours.start_s, peer.start_s, LIMITS["start"]),
        ("the same, s of processor time", ours.start_core_s, peer.start_core_s, None),
        ("first paint after the data, s", ours.paint_s, peer.paint_s, LIMITS["first paint"]),
        ("key to paint p95, s", ours.key_p95_s, peer.key_p95_s, LIMITS["key to paint"]),
        ("page down to paint p95, s", ours.page_p95_s, peer.page_p95_s, None),
        ("500 updates/s, share of a core", ours.storm_share, peer.storm_share, LIMITS["storm"]),
        ("memory, MB", ours.rss_mb, peer.rss_mb, None),
    )  # fmt: skip
    lines = [f"{'':<36}{f'ours, {ROWS:,} rows':>20}{f'DataTable, {PEER_ROWS:,}':>20}  limit"]
    for what, mine, theirs, limit in rows:
        met = "" if limit is None else f"{limit:g}  {'met' if mine <= limit else 'MISSED'}"
        lines.append(f"{what:<36}{mine:>20.3f}{theirs:>20.3f}  {met}")
    return lines


if __name__ == "__main__":
    print("\n".join(tui()))
