"""`trueup tui` without any setting, and beside a daemon that is stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

import psutil

from tests.daemon import serving
from tests.e2e.seat import TRUEUP
from tests.parts import require
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.terminal import terminal, tmux_path

_STACK: Final = '[[stack]]\nname = "gone"\ndirectory = "gone"\ninterval = "1h"\n'


def _environment() -> dict[str, str]:
    """Return the environment of a person who has set nothing of trueup."""
    own = {name: text for name, text in os.environ.items() if not name.startswith("TRUEUP_")}
    return {**own, "TERM": "xterm-256color", "LANG": "C.UTF-8"}


def test_it_finds_the_daemon_of_the_folder_and_sees_when_that_is_stopped(tmp_path: Path) -> None:
    require("tmux", tmux_path())
    settings = tmp_path / "trueup.toml"
    settings.write_text(
        f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n{_STACK}'
    )
    (tmp_path / "gone").mkdir()
    environment = _environment()
    with (
        serving(
            settings, data_dir=tmp_path / "data", environment=environment, directory=tmp_path
        ) as daemon,
        terminal([TRUEUP, "tui"], environment=environment, directory=tmp_path / "gone") as screen,
    ):
        screen.until("live")
        screen.until("gone could not be scanned")
        screen.let_programs_copy()
        screen.press("y", "Enter")
        screen.until("copied 13 characters")
        assert screen.clipboard == "trueup doctor"
        screen.until("n next step")
        screen.click("n next step")
        screen.until("what gone needs")
        screen.press("Escape")
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            # Its connections stay open: only the signs of life that do not come tell of it.
            assert " live " not in screen.until("reconnecting")
            screen.press("H")
            screen.until("stale")
        finally:
            daemon.process.send_signal(signal.SIGCONT)
        screen.until(" live ")
        screen.press("q")
        screen.until("ended with 0")
        assert daemon.process.poll() is None


def test_a_daemon_that_is_missing_is_started_from_here_and_outlives_the_terminal(
    tmp_path: Path,
) -> None:
    require("tmux", tmux_path())
    settings = tmp_path / "trueup.toml"
    settings.write_text(f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n')
    environment = _environment()
    with terminal([TRUEUP, "tui"], environment=environment, directory=tmp_path) as screen:
        screen.until("Start one now, in the background? (trueup serve) [y/N]")
        screen.press("y", "Enter")
        screen.until("no stack is watched yet")
        first = _daemon_below(tmp_path)
        _end(first)
        screen.until("no daemon runs at")
        screen.press("n")
        screen.until("start the daemon")
        screen.press("Enter")
        screen.until("no stack is watched yet")
        screen.press("q")
        screen.until("ended with 0")
    second = _daemon_below(tmp_path)
    assert second.is_running()
    assert second.pid != first.pid
    _end(second)
    log = tmp_path / "data" / "serve.log"
    assert log.stat().st_mode & 0o077 == 0
    assert "tu_" not in log.read_text()


def _daemon_below(folder: Path) -> psutil.Process:
    """Return the daemon that was started in a folder: the one that has its log open."""
    log = str(folder / "data" / "serve.log")
    (found,) = (process for process in psutil.process_iter() if _writes(process, log))
    return found


def _writes(process: psutil.Process, file: str) -> bool:
    """Whether it is a process of ours that writes there; others end while they are looked at."""
    try:
        ours = process.uids().real == os.getuid()
        return ours and os.path.realpath(f"/proc/{process.pid}/fd/1") == file
    except (OSError, psutil.Error):
        return False


def _end(process: psutil.Process) -> None:
    process.terminate()
    process.wait(PATIENCE_S)
