"""Which process it is: numbers are used again, so a number alone is not enough."""

from __future__ import annotations

import contextlib
import os
from functools import lru_cache
from pathlib import Path
from typing import Final

import psutil

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@lru_cache(maxsize=1)
def boot_id() -> str:
    """Return what tells this run of the machine from its last."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(int(psutil.boot_time()))


def started_at_s(pid: int) -> float | None:
    """Return when a living process started, in seconds; None when there is none.

    On Linux they count from the boot, so that setting the clock does not change them.
    """
    _reap(pid)
    if is_zombie(pid):
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return _started_by_clock(pid)
    # The name in parentheses may hold anything; the start is the 20th field after it.
    ticks = fields.rpartition(")")[2].split()[19]
    return int(ticks) / os.sysconf("SC_CLK_TCK")


def group_of(pid: int) -> int | None:
    """Return the process group of a living process; None when there is none."""
    try:
        return None if is_zombie(pid) else os.getpgid(pid)
    except ProcessLookupError:
        return None


def is_zombie(pid: int) -> bool:
    """Whether it has ended, and nobody asked how."""
    try:
        return bool(psutil.Process(pid).status() == psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def command_line(pid: int) -> tuple[str, ...]:
    """Return what it was started with; nothing when that cannot be read."""
    try:
        return tuple(psutil.Process(pid).cmdline())
    except psutil.Error:
        return ()


def _reap(pid: int) -> None:
    # Where the daemon is the first process of a container, orphans become its children.
    with contextlib.suppress(ChildProcessError):
        os.waitpid(pid, os.WNOHANG)


def _started_by_clock(pid: int) -> float | None:
    try:
        return float(psutil.Process(pid).create_time())
    except psutil.Error:
        return None
