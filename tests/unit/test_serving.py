"""A daemon of a test: the scan that is waited for, and what it said once it has ended."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.daemon import Daemon

IS_OUTLIVED = """
import os, signal, sys, time
def end(*_):
    if os.fork() == 0:
        time.sleep(0.3)
        sys.stderr.write("last words\\n")
    sys.exit()
signal.signal(signal.SIGTERM, end)
print("trueup serves http://127.0.0.1:1", file=sys.stderr, flush=True)
signal.pause()
"""


Talker = subprocess.Popen[str]


@pytest.fixture
def talker() -> Iterator[Talker]:
    """A process whose last words come from another one, when it has ended."""
    started = subprocess.Popen(
        [sys.executable, "-c", IS_OUTLIVED], stderr=subprocess.PIPE, text=True
    )
    yield started
    started.kill()
    started.wait()


class Recited(Daemon):
    """One whose API answers what it was given, line by line."""

    def __init__(self, process: subprocess.Popen[str], answers: Sequence[dict[str, Any]]) -> None:
        super().__init__(process, Path("nowhere"))
        self._answers = iter(answers)

    def ask(self, _path: str, _body: object = None, *, method: str | None = None) -> Any:
        """Return the next answer."""
        del method
        return next(self._answers)


def test_a_scan_that_was_under_way_is_not_the_one_that_was_asked_for(talker: Talker) -> None:
    at = [datetime.now(UTC) + timedelta(seconds=number) for number in (-9, -6, -5, -1, 30)]
    before, asked, late, fresh, next_due = (moment.isoformat() for moment in at)
    daemon = Recited(
        talker,
        [
            {"last_scan_at": before, "next_due_at": next_due},
            {"queued": True},
            {"last_scan_at": before, "next_due_at": asked},
            {"last_scan_at": late, "next_due_at": asked},
            {"last_scan_at": fresh, "next_due_at": next_due},
        ],
    )
    (stack,) = daemon.scan("web")
    assert stack["last_scan_at"] == fresh
    daemon.end()


def test_what_it_said_is_whole_once_it_has_ended(talker: Talker) -> None:
    daemon = Daemon(talker, Path("nowhere"))
    daemon.until("its address", lambda: daemon.address)
    assert daemon.end() == 0
    assert daemon.lines[-1] == "last words"
