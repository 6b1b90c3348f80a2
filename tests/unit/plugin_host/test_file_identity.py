"""A file that takes another's place is told from it, whatever it was made to look like."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from iac_adapters.plugin_host.file_identity import identity_of, runs_as_checked
from tests.patience import wait_until


def _swapped(file: Path, content: bytes) -> None:
    """Put `content` into the place of `file`, with its size, mode and modification time."""
    status = file.stat()
    other = file.with_suffix(".other")
    other.write_bytes(content.ljust(status.st_size, b"\n"))
    other.chmod(status.st_mode)
    os.utime(other, ns=(status.st_atime_ns, status.st_mtime_ns))
    other.replace(file)
    assert (file.stat().st_size, file.stat().st_mtime_ns) == (status.st_size, status.st_mtime_ns)


def test_a_file_of_equal_size_and_time_is_another(tmp_path: Path) -> None:
    file = tmp_path / "plugin"
    file.write_bytes(b"the locked one")
    before = identity_of(file)
    assert identity_of(file) == before
    _swapped(file, b"another")
    assert identity_of(file) != before


def test_content_written_over_is_another_file(tmp_path: Path) -> None:
    file = tmp_path / "plugin"
    file.write_bytes(b"the locked one")
    status, before = file.stat(), identity_of(file)
    # The clock of a file system goes by ticks of some milliseconds.
    wait_until(lambda: changed_now(tmp_path) > before.changed_ns)
    file.write_bytes(b"another, yes!!")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert identity_of(file) != before


def changed_now(folder: Path) -> int:
    """Return what the file system takes for the present."""
    probe = folder / "now"
    probe.touch()
    return probe.stat().st_ctime_ns


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process executes")
def test_a_folder_that_was_swapped_before_the_start_and_back_is_noticed(tmp_path: Path) -> None:
    good, bad = tmp_path / "good" / "plugin", tmp_path / "bad" / "plugin"
    for file in (good, bad):
        file.parent.mkdir()
        shutil.copy(shutil.which("sleep") or "/bin/sleep", file)
    checked = identity_of(good)
    started = [subprocess.Popen([str(file), "60"]) for file in (good, bad)]
    try:
        assert runs_as_checked(started[0].pid, good, checked)
        assert not runs_as_checked(started[1].pid, good, checked)
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_a_script_is_what_was_checked_while_its_file_is(tmp_path: Path) -> None:
    script = tmp_path / "plugin"
    script.write_text("#!/bin/sh\nread line\n")
    script.chmod(0o755)
    checked = identity_of(script)
    process = subprocess.Popen([str(script)], stdin=subprocess.PIPE)
    assert runs_as_checked(process.pid, script, checked)
    _swapped(script, b"#!/bin/sh\n")
    assert not runs_as_checked(process.pid, script, checked)
    script.unlink()
    assert not runs_as_checked(process.pid, script, checked)
    process.communicate()
