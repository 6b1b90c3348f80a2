"""The limits that every program and every probe is asked within."""

from __future__ import annotations

import sys
import time

import pytest

from agent.probes.command import ask
from agent.probes.table import run_probes
from agent.protocol.tree import Section


def test_a_program_that_does_not_end_is_killed_with_its_children() -> None:
    began = time.monotonic()
    waits = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    script = f"import subprocess, sys; subprocess.run({waits})"
    assert ask([sys.executable, "-c", script], timeout_s=0.5).status == "timeout"
    assert time.monotonic() - began < 10


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


def test_a_probe_that_hangs_or_breaks_does_not_hold_up_the_others() -> None:
    def breaks() -> Section:
        raise ZeroDivisionError

    def hangs() -> Section:
        time.sleep(30)
        return Section()

    sections = run_probes(
        {
            "stuck": hangs,
            "broken": breaks,
            "fine": lambda: Section("ok", {"a": 1}),
        },
        deadline_s=0.5,
    )
    assert {name: section.status for name, section in sections.items()} == {
        "stuck": "timeout",
        "broken": "unsupported",
        "fine": "ok",
    }
