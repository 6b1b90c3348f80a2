"""`python -m tests.bench.demo`: how long `make demo` takes where everything is set up already."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from typing import Final

LIMIT_S: Final = 100.0


def main() -> int:
    """Play the demo whole and print its time; 1 when it failed or the limit is missed."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "demo"],
        env={**os.environ, "TUI": "0", "KEEP": "0"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        text=True,
    )
    took_s, after = time.monotonic() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != 0:
        print(f"make demo failed:\n{done.stdout[-3000:]}")
        return 1
    used_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    verdict = "met" if took_s < LIMIT_S else "NOT MET"
    print(f"make demo: {took_s:.0f} s, {used_s:.0f} s of a core (< {LIMIT_S:.0f} s: {verdict})")
    return 0 if took_s < LIMIT_S else 1


if __name__ == "__main__":
    sys.exit(main())
