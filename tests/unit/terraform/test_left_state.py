from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from iac_adapters.terraform.left_state import ERRORED_STATE, left_state


@dataclass(frozen=True, slots=True)
class State:
    lineage: str = "a"
    serial: int = 7


@pytest.mark.parametrize(
    ("left", "doubted"),
    [
        (None, False),
        (json.dumps({"lineage": "a", "serial": 8}), True),
        (json.dumps({"lineage": "a", "serial": 7}), False),
        (json.dumps({"lineage": "b", "serial": 9}), False),
        ("{", True),
        ('{"encrypted_data": "x"}', True),
    ],
    ids=["none", "newer", "put-back", "another-state", "torn", "encrypted"],
)
def test_a_state_that_the_backend_lacks_is_a_doubt_about_the_stack(
    tmp_path: Path, left: str | None, *, doubted: bool
) -> None:
    if left is not None:
        (tmp_path / ERRORED_STATE).write_text(left)
    doubts = left_state(tmp_path, State(), tool="tofu")
    assert len(doubts) == doubted
    assert all(f"`tofu state push {ERRORED_STATE}`" in doubt.reason for doubt in doubts)
    assert all(doubt.provider == "" for doubt in doubts)
