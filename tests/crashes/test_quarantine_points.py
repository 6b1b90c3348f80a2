"""SIGKILL at every named point of a quarantine by a script: isolated once, and released once."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.crashes.killing import check_each_point

POINTS: Final = (
    "before commit of remediation.awaiting_approval",
    "after commit of remediation.awaiting_approval",
    "before commit of remediation.queued (2)",
    "after commit of remediation.queued (2)",
    "before commit of remediation.planning (2)",
    "after commit of remediation.planning (2)",
    "before lock of the stack (2)",
    "after lock of the stack (2)",
    "before commit of quarantine.begun+remediation.applying+run.started",
    "after commit of quarantine.begun+remediation.applying+run.started",
    "before start of the runner",
    "after start of the runner",
    "before commit of the run's process",
    "after commit of the run's process",
    "after end of the run is known",
    "before commit of run.ended+remediation.verifying",
    "after commit of run.ended+remediation.verifying",
    "before sealing of the log",
    "after sealing of the log",
    "before commit of remediation.converged+quarantine.active",
    "after commit of remediation.converged+quarantine.active",
    "before commit of stack.scanned",
    "after commit of stack.scanned",
    "before commit of remediation.queued (3)",
    "after commit of remediation.queued (3)",
    "before commit of remediation.planning (3)",
    "after commit of remediation.planning (3)",
    "before lock of the stack (3)",
    "after lock of the stack (3)",
    "before commit of remediation.applying+run.started",
    "after commit of remediation.applying+run.started",
    "before start of the runner (2)",
    "after start of the runner (2)",
    "before commit of the run's process (2)",
    "after commit of the run's process (2)",
    "after end of the run is known (2)",
    "before commit of run.ended+remediation.verifying (2)",
    "after commit of run.ended+remediation.verifying (2)",
    "before sealing of the log (2)",
    "after sealing of the log (2)",
    "before commit of remediation.converged+quarantine.released",
    "after commit of remediation.converged+quarantine.released",
)
"""A commit or an effect that joins needs its line here, and so is killed at as well."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_daemon_killed_at_any_point_leaves_nothing_isolated_in_the_end(tmp_path: Path) -> None:
    check_each_point("tests.crashes.quarantine", tmp_path, POINTS)
