"""What a stack leaves out is not asked for, whichever tool's name of the type it says."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.model import Added
from tests.unit.children.bridge import POLICY, Bridge, scanned


def found(folder: Path, bridge: Bridge, *left_out: str) -> list[str]:
    """Return the addresses of the children that a scan finds."""
    verdicts = scanned(folder, bridge, left_out=left_out)
    return [address for address, verdict in verdicts.items() if isinstance(verdict, Added)]


def test_a_child_is_named_as_its_stacks_tool_names_it(tmp_path: Path) -> None:
    assert found(tmp_path, Bridge()) == [POLICY]


@pytest.mark.parametrize("glob", ["aws_iam_user_policy", "aws:iam/userPolicy:*", "aws_iam_*policy"])
def test_a_type_is_left_out_by_either_name(tmp_path: Path, glob: str) -> None:
    bridge = Bridge()
    assert found(tmp_path, bridge, glob) == []
    assert "aws_iam_user_policies_exclusive" not in bridge.asked
    assert bridge.asked  # the others have their turn
