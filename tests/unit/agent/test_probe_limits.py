"""The limits that every program and every probe is asked within."""

from __future__ import annotations

import sys
import threading
import time
from types import SimpleNamespace

import pytest

from agent.probes import table
from agent.probes.command import ask
from agent.probes.table import run_probes
from agent.protocol.tree import Section
from tests.patience import PATIENCE_S


def test_a_program_that_does_not_end_is_killed_with_its_children() -> None:
    began = time.monotonic()
    waits = "[sys.executable, '-c', 'import time; time.sleep(600)']"
    script = f"import subprocess, sys; subprocess.run({waits})"
    assert ask([sys.executable, "-c", script], timeout_s=0.5).status == "timeout"
    assert time.monotonic() - began < PATIENCE_S


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("print('x')", "ok"),
        ("import sys; sys.exit('sshd: Permission denied')", "denied"),
        ("import sys; sys.exit(3)", "unsupported"),
    ],
)
def test_how_a_program_ends_is_the_status(script: str, status: str) -> None:
    assert ask([sys.executable, "-c", script], timeout_s=30).status == status


def test_a_program_that_is_missing_is_unsupported() -> None:
    assert ask(["no-such-program"], timeout_s=1).status == "unsupported"


def test_a_probe_that_hangs_or_breaks_does_not_hold_up_the_others(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # The time is over when the two others had all the time that they may need.
    moments = iter((0.0, 0.0, 0.0, PATIENCE_S))
    monkeypatch.setattr(table, "time", SimpleNamespace(monotonic=moments.__next__))
    stuck = threading.Event()

    def breaks() -> Section:
        raise ZeroDivisionError

    def hangs() -> Section:
        stuck.wait()
        return Section()

    sections = run_probes(
        {
            "stuck": hangs,
            "broken": breaks,
            "fine": lambda: Section("ok", {"a": 1}),
        },
        deadline_s=PATIENCE_S,
    )
    stuck.set()
    assert {name: section.status for name, section in sections.items()} == {
        "stuck": "timeout",
        "broken": "unsupported",
        "fine": "ok",
    }
