"""Files that a resource's arguments name, and what of them is other by now."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import msgpack
import pytest

from iac_adapters.idle_files import IdleFiles
from iac_adapters.revision import Revision
from iac_adapters.terraform.named_files import NamedFile, changed_files, named_files
from iac_adapters.terraform.recorder.cache import RecordingCache
from iac_adapters.terraform.recorder.recording import Recording


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "root" / "files"
    made.mkdir(parents=True)
    return made


def _configuration(folder: Path) -> bytes:
    return bytes(msgpack.packb({"path": folder.name}))


def test_a_name_that_is_not_utf_8_is_kept_with_the_recording(folder: Path, tmp_path: Path) -> None:
    file = folder / os.fsdecode(b"caf\xe9.log")
    file.write_text("x")
    files = named_files([_configuration(folder)], folder.parent)
    assert files.keys() == {str(folder), str(file)}
    cache = RecordingCache(tmp_path / "cache", key=bytes(32))
    cache.store("d", Recording((), {}, (), {}, {}, files=files))
    kept = cache.load("d")
    assert kept is not None
    assert kept.files == files
    assert not changed_files(kept.files)
    file.write_text("yy")
    assert changed_files(kept.files) == {str(file)}


def test_a_revision_may_name_a_file_that_is_not_utf_8() -> None:
    digests = set()
    for name in (b"caf\xe9", b"caf\xe8"):
        revision = Revision(bytes(32))
        revision.add(os.fsdecode(name), "stamp")
        digests.add(revision.hexdigest())
    assert len(digests) == 2


def _seen(folder: Path) -> dict[str, NamedFile]:
    return named_files([_configuration(folder)], folder.parent)


def test_a_folder_that_holds_tracked_files_rests_while_logs_come_and_go(folder: Path) -> None:
    subprocess.run(["git", "init", "-q"], cwd=folder.parent, check=True, capture_output=True)
    (folder / "Chart").write_text("x")
    subprocess.run(["git", "add", "."], cwd=folder.parent, check=True, capture_output=True)
    idle = IdleFiles()
    for number in range(3):
        files = _seen(folder)
        (folder / f"run-{number}.log").write_text("x")
        changed = changed_files(files, resting=idle.paths)
        assert changed == {str(folder)}
        idle.changed_nothing(changed)
    files = _seen(folder)
    (folder / "run-4.log").write_text("x")
    (folder / "run-1.log").unlink()
    assert not changed_files(files, resting=idle.paths)
    (folder / "Chart").unlink()
    assert changed_files(files, resting=idle.paths) == {str(folder / "Chart")}


def test_code_that_comes_to_a_folder_that_rests_is_seen_at_once(folder: Path) -> None:
    idle, files = IdleFiles(), _seen(folder)
    for _ in range(3):
        idle.changed_nothing({str(folder)})
    assert set(idle.paths) == {str(folder)}
    (folder / "run.log").write_text("x")
    values = folder / "values.yaml"
    values.write_text("x")
    assert changed_files(files, resting=idle.paths) == {str(values)}
    files = _seen(folder)
    values.unlink()
    assert changed_files(files, resting=idle.paths) == {str(values)}
