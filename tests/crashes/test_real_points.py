"""SIGKILL at named points of a correction by the real terraform: one apply, and a true end."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from iac_adapters.terraform.executable import Executable

POINTS: Final = (
    "after commit of remediation.applying+run.started",
    "after end of the run is known",
)
"""On both sides of the apply; `python -m tests.soak points` ends it at every one."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_daemon_killed_around_the_apply_of_terraform_applies_once(
    terraform: Executable, tmp_path: Path
) -> None:
    del terraform  # it skips where there is none
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crashes.real", str(tmp_path), *POINTS],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stdout + ended.stderr
    seen = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [each["point"] for each in seen] == list(POINTS)
