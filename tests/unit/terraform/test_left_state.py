from __future__ import annotations

import json
from pathlib import Path

import pytest

from iac_adapters.terraform.left_state import ERRORED_STATE, left_state
from iac_adapters.terraform.state import parse_state


def a_state(lineage: str, serial: int, *names: str) -> str:
    resources = [
        {
            "mode": "managed",
            "type": "world_thing",
            "name": name,
            "provider": 'provider["registry.terraform.io/trueup/world"]',
            "instances": [{"schema_version": 0, "attributes": {"name": name}}],
        }
        for name in names
    ]
    return json.dumps(
        {"version": 4, "serial": serial, "lineage": lineage, "outputs": {}, "resources": resources}
    )


KNOWN = a_state("a", 7, "vm")
PUSH, COMPARE = f"`tofu state push {ERRORED_STATE}`", "`tofu state pull`"


@pytest.mark.parametrize(
    ("left", "known", "says"),
    [
        (None, KNOWN, None),
        (a_state("a", 8, "vm", "new"), KNOWN, PUSH),
        (a_state("a", 7, "vm"), KNOWN, None),
        (a_state("a", 6, "vm", "new"), KNOWN, COMPARE),
        (a_state("a", 7, "vm", "new"), KNOWN, COMPARE),
        (a_state("b", 9, "new"), KNOWN, None),
        (a_state("b", 1, "new"), "", PUSH),
        ("{", KNOWN, PUSH),
        ("", KNOWN, COMPARE),
        ('{"encrypted_data": "x"}', KNOWN, PUSH),
    ],
    ids=[
        "none", "newer", "put-back", "overtaken", "same-serial", "another-state", "first-apply",
        "torn", "empty", "encrypted",
    ],
)  # fmt: skip
def test_a_state_that_the_backend_lacks_is_a_doubt_about_the_stack(
    tmp_path: Path, left: str | None, known: str, says: str | None
) -> None:
    if left is not None:
        (tmp_path / ERRORED_STATE).write_text(left)
    doubts = left_state(tmp_path, parse_state(known.encode(), origin="known"), tool="tofu")
    assert len(doubts) == (says is not None)
    assert all(str(says) in doubt.reason and doubt.provider == "" for doubt in doubts)
