"""What the agent costs its host: 60,000 files seen first, unchanged, and 50,000 of them deleted.

Each figure is of a process of its own, which reports to a real API. Limits: a peak of 40 MB,
unchanged files within a second of the processor, a heartbeat of 256 bytes, no deleted file lost.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from agent.identity import Identity, keep_identity
from reconciler.domain.agents import agent_key
from tests.bench import aide

FILES: Final = 60_000
DELETED: Final = 50_000
_IN_ONE_FOLDER: Final = 100
_MOST_MB: Final = 40.0
_MOST_UNCHANGED_S: Final = 1.0
_MOST_HEARTBEAT_BYTES: Final = 256
_LAUNCHER: Final = (
    "import os, sys\n"
    "child = os.posix_spawn(sys.executable, [sys.executable, *sys.argv[1:]], os.environ)\n"
    "_, status, used = os.wait4(child, 0)\n"
    "print(used.ru_maxrss, used.ru_utime + used.ru_stime)\n"
    "sys.exit(os.waitstatus_to_exitcode(status))\n"
)
"""A small process starts the agent: the peak of a child is at least that of who started it."""


@dataclass(frozen=True, slots=True)
class Reported:
    """One report and what it cost; `peak_mb` is the most memory that was resident."""

    bytes_sent: int
    turns: int
    seconds: float
    cpu_s: float
    peak_mb: float

    def __str__(self) -> str:
        return (
            f"{self.cpu_s:.2f} s of a core ({self.seconds:.2f} s by the clock), peak"
            f" {self.peak_mb:.1f} MB, {self.bytes_sent:,} bytes sent"
        )


def measure(address: str, instance_key: bytes, incarnation: str) -> int:
    """Print the figures of a host that reports to `address`; return how many limits are missed."""
    with tempfile.TemporaryDirectory() as folder:
        root, state = Path(folder) / "root", Path(folder) / "state"
        _fill(root)
        state.mkdir(mode=0o700)
        key = agent_key(instance_key, agent_id="host-0", serial=1)
        keep_identity(
            state,
            Identity(address, "host-0", "host-0", key.hex(), 1, incarnation, "00" * 32,
                     root=str(root)),
        )  # fmt: skip
        time.sleep(3)  # younger files are read at each capture
        first = _reported(state)
        quiet = min((_reported(state) for _ in range(3)), key=lambda report: report.cpu_s)
        aide.measure(root / "etc", Path(folder) / "aide")
        for number in range(DELETED // _IN_ONE_FOLDER):
            shutil.rmtree(root / "etc" / f"application-{number:03}")
        deleted = _reported(state)
        left = _reported(state)
    full = first.bytes_sent / quiet.bytes_sent
    peak = max(report.peak_mb for report in (first, quiet, deleted))
    print(f"first report of {FILES:,} files: {first}")
    print(f"unchanged: {quiet}; a protocol of full reports sends {full:,.0f} times as much")
    print(f"{DELETED:,} files deleted at once: {deleted}")
    return sum(
        not _said(what, met)
        for what, met in (
            (f"peak {peak:.1f} MB (at most {_MOST_MB:.0f})", peak <= _MOST_MB),
            (f"unchanged {quiet.cpu_s:.2f} s (at most 1)", quiet.cpu_s <= _MOST_UNCHANGED_S),
            (f"heartbeat {quiet.bytes_sent} bytes (at most {_MOST_HEARTBEAT_BYTES})",
             quiet.bytes_sent <= _MOST_HEARTBEAT_BYTES and quiet.turns == 1),
            ("none of the deleted is lost: the next report is a heartbeat",
             left.turns == 1 and left.bytes_sent <= _MOST_HEARTBEAT_BYTES),
        )
    )  # fmt: skip


def _said(what: str, met: object) -> object:
    print(f"{what}: {'met' if met else 'NOT MET'}", flush=True)
    return met


def _fill(root: Path) -> None:
    for folder in range(FILES // _IN_ONE_FOLDER):
        inside = root / "etc" / f"application-{folder:03}"
        inside.mkdir(parents=True)
        for number in range(_IN_ONE_FOLDER):
            (inside / f"{number:03}-settings.conf").write_text(f"{folder} {number}\n")


def _reported(state: Path) -> Reported:
    began = time.monotonic()
    command = [
        sys.executable,
        "-c",
        _LAUNCHER,
        "-m",
        "agent",
        "once",
        "--json",
        "--state",
        str(state),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, env=os.environ)
    seconds = time.monotonic() - began
    told, used = done.stdout.splitlines()
    said: dict[str, Any] = json.loads(told)
    peak_kb, cpu_s = used.split()
    return Reported(said["bytes_sent"], said["turns"], seconds, float(cpu_s), int(peak_kb) / 1024)
