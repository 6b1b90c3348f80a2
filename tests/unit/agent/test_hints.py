"""A declared file that changes ends the wait early; anything else does not."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from threading import Timer

import pytest

from agent.hints import WATCHED, Hints

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
LONG_S = 60.0


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "etc/motd"
    made.parent.mkdir()
    made.write_text("one")
    (tmp_path / WATCHED).write_bytes(os.fsencode(made) + b"\n/no/such/folder/file\n")
    return made


def replaced(file: Path) -> None:
    fresh = file.with_name("fresh")
    fresh.write_text("two")
    fresh.replace(file)


CHANGES: tuple[Callable[[Path], object], ...] = (
    lambda file: file.write_text("two"),
    lambda file: file.chmod(0o600),
    lambda file: file.unlink(),
    replaced,
)


def test_a_change_of_a_declared_file_ends_the_wait(file: Path, tmp_path: Path) -> None:
    hints = Hints(str(tmp_path))
    for change in CHANGES:
        file.write_text("one")
        hints.refresh()
        hints.wait(0.001)
        timer = Timer(0.05, change, [file])
        timer.start()
        assert hints.wait(LONG_S)
        timer.join()


def test_a_change_that_came_before_the_wait_is_not_lost(file: Path, tmp_path: Path) -> None:
    hints = Hints(str(tmp_path))
    hints.refresh()
    file.write_text("two")
    assert hints.wait(LONG_S)


def test_other_files_of_the_folder_hint_nothing(file: Path, tmp_path: Path) -> None:
    hints = Hints(str(tmp_path))
    hints.refresh()
    file.with_name("other").write_text("x")
    assert not hints.wait(0.1)


def test_without_a_list_or_inotify_every_interval_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hints = Hints(str(tmp_path))
    hints.refresh()
    assert not hints.wait(0.01)
    monkeypatch.setitem(sys.modules, "ctypes", None)
    blind = Hints(str(tmp_path))
    blind.refresh()
    began = time.monotonic()
    assert not blind.wait(0.01)
    assert time.monotonic() - began >= 0.01
