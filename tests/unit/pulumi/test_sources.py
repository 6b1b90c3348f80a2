"""Which files a program may read."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from iac_adapters.idle_files import differing
from iac_adapters.pulumi.sources import sources_below


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project in a folder of a repository, with one file of each sort."""
    repository = tmp_path / "repository"
    folder = repository / "infra" / "shop"
    folder.mkdir(parents=True)
    (folder / "__main__.py").write_text("")
    git(repository, "init", "-q")
    git(repository, "add", ".")
    return folder


def git(folder: Path, *command: str) -> None:
    identity = ("-c", "user.name=a", "-c", "user.email=a@b")
    subprocess.run(["git", *identity, *command], cwd=folder, check=True, capture_output=True)


def write(file: Path, text: str = "x") -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return str(file)


@pytest.mark.parametrize(
    "name",
    ["../shared.txt", "../../top", "bin/v", "obj/v", "target/__init__.py", ".config/v", "venv/v",
     "node_modules/own.js"],
)  # fmt: skip
def test_a_file_is_seen_wherever_it_lies_in_the_repository(project: Path, name: str) -> None:
    before = sources_below([project])
    file = (project / name).resolve()
    write(file)
    assert differing(before, sources_below([project])) == {str(file)}


def test_what_a_tool_has_filled_is_seen_by_its_mark_alone(project: Path) -> None:
    mark = write(project / "node_modules" / ".package-lock.json")
    write(project / "node_modules" / "left-pad" / "index.js")
    assert write(project / ".venv" / "pyvenv.cfg") in sources_below([project])
    packages = project / ".venv" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    write(project / "__pycache__" / "main.pyc")
    before = sources_below([project])
    assert mark in before
    assert str(packages) in before
    assert not any(name.endswith((".pyc", "index.js")) for name in before)
    (packages / "pulumi_aws").mkdir()
    assert differing(before, sources_below([project])) == {str(packages)}


def test_a_commit_is_seen_and_a_look_at_the_repository_is_not(project: Path) -> None:
    before = sources_below([project])
    git(project, "commit", "-q", "-m", "one")
    after = sources_below([project])
    assert {Path(name).name for name in differing(before, after)} == {"HEAD"}
    git(project, "status")
    assert sources_below([project]) == after
