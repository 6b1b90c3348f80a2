"""Reports again and again, each made by a child that ends: what waits holds next to nothing."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

DEFAULT_INTERVAL_S = 300.0
_SHORTEST_WAIT_S = 30.0
_LONGEST_WAIT_S = 3600.0
_DEADLINE_S = 600.0


def run_forever(state: Path, *, interval_s: float | None) -> int:
    """Report every interval, jittered by a tenth; later and later while the server is away.

    Returns when SIGTERM or SIGINT comes.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failures = 0
    while True:
        good, every_s = _report(state)
        failures = 0 if good else failures + 1
        wanted = interval_s or every_s or DEFAULT_INTERVAL_S
        time.sleep(wait_s(wanted, failures, random.random()))  # noqa: S311 - no secret


def wait_s(interval_s: float, failures: int, chance: float) -> float:
    """Return how long to wait; `chance` is 0 to 1.

    Without failures it is the interval and up to a tenth more, so that a fleet that started at
    once spreads. With failures it is anything up to twice as long with each, from half a minute
    to an hour.
    """
    if failures == 0:
        return interval_s * (1 + chance / 10)
    longest = min(_LONGEST_WAIT_S, _SHORTEST_WAIT_S * 2.0 ** min(failures, 16))
    return _SHORTEST_WAIT_S + (longest - _SHORTEST_WAIT_S) * chance


def _report(state: Path) -> tuple[bool, float | None]:
    """Have a child capture and report; return whether it did, and the server's interval."""
    argv = [sys.executable, *_own_code(), "once", "--json", f"--state={state}"]
    try:
        done = subprocess.run(argv, stdout=subprocess.PIPE, timeout=_DEADLINE_S, check=False)
    except subprocess.TimeoutExpired:
        print(f"the capture did not end within {_DEADLINE_S:.0f} s", file=sys.stderr)
        return False, None
    if done.returncode != 0:
        return False, None
    every_s = json.loads(done.stdout).get("every_s")
    return True, every_s


def _own_code() -> list[str]:
    # From a zip file the path of the archive is the program; else the package is.
    archive = Path(sys.argv[0])
    return [str(archive)] if archive.suffix == ".pyz" else ["-m", "agent"]
