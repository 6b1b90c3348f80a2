"""Who holds a stack of a file backend, and whether that process still lives.

Source: pkg/backend/diy/lock.go of pulumi/pulumi 3.259. A killed CLI leaves its lock behind,
and only `up` and `refresh` look at it.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Final

import orjson

from iac_adapters.pulumi.backend import Place
from reconciler.bounded_files import read_bytes

_CLOCK_SLACK_S: Final = 2.0


class Holder(StrEnum):
    """What can be said of the process that made a lock."""

    ALIVE = "alive"
    DEAD = "dead"
    ELSEWHERE = "elsewhere"


@dataclass(frozen=True, slots=True)
class Lock:
    """One lock file, and what is known of who made it."""

    file: Path
    pid: int
    username: str
    hostname: str
    timestamp: str
    holder: Holder

    def __str__(self) -> str:
        return f"{self.username}@{self.hostname} (pid {self.pid}) since {self.timestamp}"


def locks_of(place: Place) -> tuple[Lock, ...]:
    """Return the locks that stand on the stack now, oldest first."""
    folder = place.lock_folder
    if folder is None or not folder.is_dir():
        return ()
    found = [lock for file in folder.glob("*.json") if (lock := read_lock(file)) is not None]
    return tuple(sorted(found, key=lambda lock: lock.timestamp))


def read_lock(file: Path) -> Lock | None:
    """Return the lock in `file`; None when it was given back meanwhile."""
    try:
        content = orjson.loads(read_bytes(file))
        pid, hostname = int(content["pid"]), str(content["hostname"])
        timestamp, username = str(content["timestamp"]), str(content.get("username"))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        # A lock nobody can read is held by somebody.
        return Lock(file, 0, "somebody", "unknown", "", Holder.ELSEWHERE)
    return Lock(file, pid, username, hostname, timestamp, _holder(pid, hostname, timestamp))


def _holder(pid: int, hostname: str, timestamp: str) -> Holder:
    if hostname != socket.gethostname():
        return Holder.ELSEWHERE
    import psutil  # noqa: PLC0415 - few stacks have a lock to be looked at

    try:
        process = psutil.Process(pid)
        if process.status() == psutil.STATUS_ZOMBIE:
            return Holder.DEAD
        begun_s = process.create_time()
        locked_s = datetime.fromisoformat(_to_microseconds(timestamp)).timestamp()
    except psutil.NoSuchProcess:
        return Holder.DEAD
    except (psutil.Error, ValueError):
        return Holder.ALIVE
    # A process that began after the lock was made only has the same number.
    return Holder.DEAD if begun_s > locked_s + _CLOCK_SLACK_S else Holder.ALIVE


def _to_microseconds(timestamp: str) -> str:
    """Return an RFC 3339 time with no more digits than Python reads: Go writes nine."""
    head, dot, rest = timestamp.partition(".")
    if not dot:
        return timestamp
    digits = len(rest) - len(rest.lstrip("0123456789"))
    return f"{head}.{rest[: min(digits, 6)]}{rest[digits:]}"
