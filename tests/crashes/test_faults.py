"""Each way in which a tool goes wrong, alone and with the daemon killed on the way."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.crashes.faulty_tool import FAULTS

KILLS: Final = 1
"""For each fault; `python -m tests.soak faults` kills at every point."""
SAID: Final = {
    "lock held": "the state is locked by",
    "stale plan": "the state moved on",
    "errored.tfstate": "state push errored.tfstate",
    "pending create": "in the middle of thing.web",
    "partial apply": "quota exceeded",
    "hang": "it was asked to stop",
    "garbage JSON": "1 changed",
    "exit 0 with an error": "and yet said",
    "exit 1 after success": "could not say goodbye",
    "much output": "1 changed",
}
"""What the record of the run that went wrong says."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_whatever_the_tool_does_and_wherever_the_daemon_dies_the_laws_hold(tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "tests.crashes.faults", str(tmp_path), "--sampled", str(KILLS)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.stdout, ended.stderr
    print(ended.stdout)
    seen = [json.loads(line) for line in ended.stdout.splitlines()]
    alone = f"run it alone: python -m tests.crashes.faults {tmp_path} FAULT POINT"
    assert [one for one in seen if one["wrong"]] == [], alone
    assert ended.returncode == 0, ended.stderr
    assert {one["fault"] for one in seen} == FAULTS.keys() == SAID.keys()
    for one in seen:
        assert one["killed"] is (one["point"] is not None), one
        assert SAID[one["fault"]] in one["said"] or one["killed"], one
    assert len(seen) == len(FAULTS) * (1 + KILLS)
