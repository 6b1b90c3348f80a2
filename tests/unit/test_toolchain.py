from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Stands for `go`: notes each call, and "builds" a program that says its version.
GO = """#!/bin/sh
echo called >> "$HOME/calls"
while [ "$1" != -o ]; do shift; done
printf '#!/bin/sh\\n%s\\n' "$SAYS" > "$2"
/bin/chmod +x "$2"
exit "${CODE:-0}"
"""


@pytest.fixture
def machine(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "bin").mkdir()
    return {
        "PATH": str(tmp_path / "bin"),
        "HOME": str(tmp_path),
        "SAYS": "echo OpenTofu v1.11.5",
    }


def program(machine: dict[str, str], name: str, text: str) -> None:
    path = Path(machine["HOME"]) / "bin" / name
    path.write_text(text)
    path.chmod(0o755)


def start(machine: dict[str, str], *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, str(ROOT / "toolchain" / "build.py"), *arguments],
        env=machine,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def build(machine: dict[str, str], *arguments: str) -> tuple[str, str]:
    process = start(machine, *arguments)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0
    return out, err


def cached(machine: dict[str, str]) -> list[Path]:
    return sorted((Path(machine["HOME"]) / ".cache/trueup/toolchain").glob("tofu-*/*tofu*"))


def calls(machine: dict[str, str]) -> int:
    file = Path(machine["HOME"]) / "calls"
    return len(file.read_text().splitlines()) if file.exists() else 0


def test_a_terraform_that_is_there_is_enough(machine: dict[str, str]) -> None:
    program(machine, "go", GO)
    program(machine, "terraform", "#!/bin/sh\n")
    out, _ = build(machine)
    assert "terraform: " in out
    assert calls(machine) == 0
    build(machine, "--tools", "all")
    assert calls(machine) == 1


def test_it_is_built_once_also_by_two_at_a_time(machine: dict[str, str]) -> None:
    program(machine, "go", GO)
    both = [start(machine), start(machine)]
    told = [process.communicate(timeout=60)[0] for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert calls(machine) == 1
    assert [path.name for path in cached(machine)] == ["tofu"]
    assert all(f"tofu: {cached(machine)[0]}" in text for text in told)
    build(machine)
    assert calls(machine) == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [({"CODE": "1"}, "go build failed"), ({"SAYS": "exit 3"}, "does not run")],
)
def test_a_failed_build_leaves_nothing(
    machine: dict[str, str], change: dict[str, str], words: str
) -> None:
    program(machine, "go", GO)
    _, err = build({**machine, **change})
    assert words in err
    assert "no stack can be read" in err
    assert cached(machine) == []


def test_without_go_the_lack_and_its_cost_are_told(machine: dict[str, str]) -> None:
    _, err = build(machine)
    assert "needs Go" in err
    assert "no stack can be read" in err
