"""Files that change and change nothing."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from iac_adapters.idle_files import IdleFiles


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of a repository."""
    made = tmp_path / "repository" / "infra"
    made.mkdir(parents=True)
    subprocess.run(["git", "init", "-q"], cwd=made.parent, check=True, capture_output=True)
    return made


def _write(file: Path) -> str:
    file.write_text("x")
    return str(file)


def test_a_log_that_changes_nothing_rests_after_a_few_times(folder: Path) -> None:
    log, idle = _write(folder / "run.log"), IdleFiles()
    for _ in range(2):
        idle.changed_nothing({log})
        assert not idle.paths
    idle.changed_nothing({log})
    assert set(idle.paths) == {log}
    idle.changed_something()
    assert not idle.paths


def test_one_that_has_rested_is_looked_at_once_more(folder: Path) -> None:
    log, now_s = _write(folder / "run.log"), [0.0]
    idle = IdleFiles(rest_s=600.0, clock=lambda: now_s[0])
    for _ in range(3):
        idle.changed_nothing({log})
    now_s[0] = 599.0
    assert set(idle.paths) == {log}
    now_s[0] = 600.0
    assert not idle.paths
    idle.changed_nothing({log})
    assert set(idle.paths) == {log}


def test_a_name_that_is_not_utf_8_rests_as_any_other(folder: Path) -> None:
    log, idle = _write(folder / os.fsdecode(b"caf\xe9.log")), IdleFiles()
    _write(folder / "main")
    subprocess.run(["git", "add", "main"], cwd=folder, check=True, capture_output=True)
    for _ in range(3):
        idle.changed_nothing({log})
    assert set(idle.paths) == {log}


def test_each_file_counts_by_itself(folder: Path) -> None:
    log, other, idle = _write(folder / "run.log"), _write(folder / "other.log"), IdleFiles()
    for changed in ({log}, {other}, {log, other}, {log}):
        idle.changed_nothing(changed)
    assert set(idle.paths) == {log}


@pytest.mark.parametrize("name", ["__main__.py", "values.yaml", "_helpers.tpl", "version"])
def test_a_file_of_the_code_or_the_repository_never_rests(folder: Path, name: str) -> None:
    file, idle = _write(folder / name), IdleFiles()
    if name == "version":
        subprocess.run(["git", "add", name], cwd=folder, check=True, capture_output=True)
    for _ in range(9):
        idle.changed_nothing({file})
    assert not idle.paths


_GIT = ("git", "-c", "user.name=t", "-c", "user.email=t@example.com")


def _git(folder: Path, *words: str) -> None:
    subprocess.run([*_GIT, *words], cwd=folder, check=True, capture_output=True)


@pytest.mark.parametrize("way", ["worktree", "version 4", "split index"])
def test_a_tracked_file_never_rests_however_the_index_is_kept(folder: Path, way: str) -> None:
    # In version 4 the second of two names lacks what it has in common with the first.
    names = [_write(folder / name) for name in ("version", "version-b")]
    _git(folder, "add", ".")
    if way == "worktree":
        _git(folder, "commit", "-q", "-m", "x")
        _git(folder, "worktree", "add", "-q", "../../second")
        names = [str(folder.parent.parent / "second" / "infra" / "version")]
    elif way == "version 4":
        _git(folder, "update-index", "--index-version", "4")
    else:
        _git(folder, "update-index", "--split-index")
    idle = IdleFiles()
    for _ in range(3):
        idle.changed_nothing(names)
    assert not idle.paths


def test_in_a_worktree_a_log_rests(folder: Path) -> None:
    _write(folder / "version")
    _git(folder, "add", ".")
    _git(folder, "commit", "-q", "-m", "x")
    _git(folder, "worktree", "add", "-q", "../../second")
    log, idle = _write(folder.parent.parent / "second" / "infra" / "run.log"), IdleFiles()
    for _ in range(3):
        idle.changed_nothing({log})
    assert set(idle.paths) == {log}
