"""What every server of the bed needs: a free port, a wait until it answers, a sure end."""

from __future__ import annotations

import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

_START_LIMIT_S: Final = 90.0
_STOP_LIMIT_S: Final = 20.0


class ServerError(Exception):
    """A server did not come up; the message ends with its log."""


def wait_until(answers: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    """Return once the server answers.

    Raises:
        ServerError: it ended, or did not answer in time.
    """
    limit = time.monotonic() + _START_LIMIT_S
    while process.poll() is None and time.monotonic() < limit:
        if answers():
            return
        time.sleep(0.1)
    raise ServerError(log.read_text(errors="replace")[-2000:])


def stop(process: subprocess.Popen[bytes], *, by: signal.Signals = signal.SIGTERM) -> None:
    """End the server; one that does not obey is killed."""
    process.send_signal(by)
    try:
        process.wait(timeout=_STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
