"""Files that a resource's arguments name, and what of them is other by now."""

from __future__ import annotations

import os
from pathlib import Path

import msgpack
import pytest

from iac_adapters.revision import Revision
from iac_adapters.terraform.named_files import changed_files, named_files
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
