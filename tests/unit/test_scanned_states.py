"""What a scan without a daemon remembers of states, and says of an older one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reconciler.bootstrap.scanned_states import ScannedStates
from reconciler.domain.model import StackName
from reconciler.domain.state_lineage import StateMark
from reconciler.ports import StackReference

REFERENCE = StackReference(StackName("shop"), Path("/stacks/shop"), "terraform")
SEVENTH = StateMark("a-b-c", 7)


def test_an_older_state_is_said_until_a_newer_one_or_until_it_is_accepted(tmp_path: Path) -> None:
    states = ScannedStates(tmp_path, key=b"k" * 32)
    assert states.warning(REFERENCE, SEVENTH) is None
    for _ in range(2):
        told = states.warning(REFERENCE, StateMark("a-b-c", 6))
        assert told is not None
        assert "an older copy: it has the serial 6" in told
    assert states.warning(REFERENCE, StateMark("a-b-c", 8)) is None
    told = states.warning(REFERENCE, SEVENTH)
    (file,) = (tmp_path / "scanned").iterdir()
    assert told is not None
    assert f"remove {file}" in told
    file.unlink()
    assert states.warning(REFERENCE, SEVENTH) is None


def test_another_workspace_or_directory_has_a_state_of_its_own(tmp_path: Path) -> None:
    states = ScannedStates(tmp_path, key=b"k" * 32)
    assert states.warning(REFERENCE, SEVENTH) is None
    assert states.warning(REFERENCE, StateMark("of the workspace", 1)) is None
    assert (
        states.warning(replace(REFERENCE, directory=Path("/other")), StateMark("a-b-c", 1)) is None
    )
    assert states.warning(REFERENCE, StateMark()) is None


def test_a_memory_that_cannot_be_read_or_written_is_none(tmp_path: Path) -> None:
    states = ScannedStates(tmp_path, key=b"k" * 32)
    (tmp_path / "scanned").write_text("no folder")
    assert states.warning(REFERENCE, SEVENTH) is None
    (tmp_path / "scanned").unlink()
    assert states.warning(REFERENCE, SEVENTH) is None
    (file,) = (tmp_path / "scanned").iterdir()
    file.write_text("{")
    assert states.warning(REFERENCE, StateMark("a-b-c", 1)) is None
