"""Which Python `make` takes for its environment, on a PATH that the test fills."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

FIND = Path(__file__).parents[2] / "toolchain" / "find-python"
NO_REAL_ONE_HAS = "3.77"


def found(folder: Path, says: Mapping[str, str | None], **environment: str) -> str:
    """Return the name of what is found where each program says this, or cannot run."""
    for name, said in says.items():
        program = folder / name
        program.write_text("#!/bin/sh\n" + ("exit 1" if said is None else f"echo {said}") + "\n")
        program.chmod(0o755)
    done = subprocess.run(
        ["/bin/sh", FIND],
        env={"PATH": str(folder), **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    path = Path(done.stdout.strip())
    assert path.parent == folder
    return path.name


@pytest.mark.parametrize(
    ("says", "wanted"),
    [
        ({"python3": f"{NO_REAL_ONE_HAS} 1000", "python3.14": f"{NO_REAL_ONE_HAS} 740"}, 1),
        ({"python3": f"{NO_REAL_ONE_HAS} 1000", "python3.14": f"{NO_REAL_ONE_HAS} 760"}, 0),
        ({"python3": f"{NO_REAL_ONE_HAS} 1000", "python3.14": "3.78 10"}, 0),
        ({"python3": None, "python3.14": f"{NO_REAL_ONE_HAS} 1000"}, 1),
    ],
    ids=["a third faster", "hardly faster", "another version", "a shim that cannot run"],
)
def test_the_first_is_taken_or_a_faster_one_of_its_version(
    tmp_path: Path, says: dict[str, str | None], wanted: int
) -> None:
    assert found(tmp_path, says) == list(says)[wanted]


def test_one_that_is_named_is_taken_as_it_is(tmp_path: Path) -> None:
    says = {"mine": f"{NO_REAL_ONE_HAS} 9000", "python3": f"{NO_REAL_ONE_HAS} 10"}
    assert found(tmp_path, says, PYTHON3="mine") == "mine"
