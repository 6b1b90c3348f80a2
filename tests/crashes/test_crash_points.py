"""SIGKILL at every named point of a correction: at most one apply, a true end, a whole audit."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from tests.crashes.killing import check_each_point

POINTS: Final = (
    "before commit of template.changed+drift.detected+remediation.detected+stack.scanned",
    "after commit of template.changed+drift.detected+remediation.detected+stack.scanned",
    "before commit of stack.scanned",
    "after commit of stack.scanned",
    "before commit of remediation.confirmed",
    "after commit of remediation.confirmed",
    "before commit of remediation.decided",
    "after commit of remediation.decided",
    "before commit of remediation.queued",
    "after commit of remediation.queued",
    "before commit of remediation.planning",
    "after commit of remediation.planning",
    "after plan is saved",
    "before lock of the stack",
    "after lock of the stack",
    "before commit of remediation.applying+run.started",
    "after commit of remediation.applying+run.started",
    "before start of the runner",
    "after start of the runner",
    "before commit of the run's process",
    "after commit of the run's process",
    "after end of the run is known",
    "before commit of run.ended+remediation.verifying",
    "after commit of run.ended+remediation.verifying",
    "before sealing of the log",
    "after sealing of the log",
    "before commit of drift.healed+remediation.converged",
    "after commit of drift.healed+remediation.converged",
)
"""A commit or an effect that joins needs its line here, and so is killed at as well."""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_daemon_killed_at_any_point_is_followed_by_one_that_ends_its_work(tmp_path: Path) -> None:
    check_each_point("tests.crashes", tmp_path, POINTS)
