"""The terminal UI in a real terminal: suspended, taken back, and ended from outside."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import psutil

from tests.e2e.seat import TRUEUP
from tests.parts import require
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.terminal import Terminal, terminal, tmux_path


def the_program_in(screen: Terminal) -> psutil.Process:
    (child,) = psutil.Process(screen.shell_pid).children()
    return child


def is_stopped(process: psutil.Process) -> bool:
    limit = time.monotonic() + PATIENCE_S
    while process.status() != psutil.STATUS_STOPPED and time.monotonic() < limit:
        time.sleep(0.05)
    return process.status() == psutil.STATUS_STOPPED


def test_a_terminal_is_as_it_was_while_it_is_suspended_and_after_it_was_ended(
    tmp_path: Path,
) -> None:
    require("tmux", tmux_path())
    file = tmp_path / "trueup.toml"
    file.write_text(f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n')
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "admin.token").write_text("tu_ab12.secret")
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    command: list[str | Path] = [TRUEUP, "--config", file, "tui"]
    with terminal(command, environment=environment, directory=tmp_path) as screen:
        screen.until("goes on trying")
        program = the_program_in(screen)
        screen.press("C-z")
        assert is_stopped(program)
        assert "goes on trying" not in screen.screen
        program.send_signal(signal.SIGCONT)
        screen.until("goes on trying")
        # Not only what changes by the second: the terminal has forgotten all of it.
        screen.until("1-8 pages")
        program.terminate()
        assert "goes on trying" not in screen.until("ended with 0")
