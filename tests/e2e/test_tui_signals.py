"""The terminal UI in a real terminal: suspended, taken back, and ended from outside."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests.e2e.command import wait_for
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


@contextmanager
def without_a_daemon(folder: Path) -> Iterator[tuple[Terminal, psutil.Process]]:
    """Open the terminal UI of a daemon that does not run."""
    require("tmux", tmux_path())
    file = folder / "trueup.toml"
    file.write_text(f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n')
    (folder / "data").mkdir()
    (folder / "data" / "admin.token").write_text("tu_ab12.secret")
    environment = {**os.environ, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    command: list[str | Path] = [TRUEUP, "--config", file, "tui"]
    with terminal(command, environment=environment, directory=folder) as screen:
        screen.until("goes on trying")
        yield screen, the_program_in(screen)


def test_a_terminal_is_as_it_was_while_it_is_suspended_and_after_it_was_ended(
    tmp_path: Path,
) -> None:
    with without_a_daemon(tmp_path) as (screen, program):
        screen.press("C-z")
        assert is_stopped(program)
        screen.until_gone("goes on trying")
        program.send_signal(signal.SIGCONT)
        screen.until("goes on trying")
        # Not only what changes by the second: the terminal has forgotten all of it.
        screen.until("1-8 pages")
        program.terminate()
        assert "goes on trying" not in screen.until("ended with 0")


@pytest.mark.parametrize("meanwhile", ["nobody", "a shell"])
def test_a_terminal_is_as_it_was_after_one_that_was_stopped_from_outside(
    meanwhile: str, tmp_path: Path
) -> None:
    with without_a_daemon(tmp_path) as (screen, program):
        program.send_signal(signal.SIGSTOP)
        assert is_stopped(program)
        if meanwhile == "a shell":
            screen.take_back()
        program.send_signal(signal.SIGCONT)
        wait_for(lambda: not screen.takes_lines)
        screen.press("?")
        screen.until("keys of this page")
        screen.press("Escape")
        screen.until_gone("keys of this page")
        screen.press("q")
        screen.until("ended with 0")
        assert screen.is_sane


def test_a_terminal_is_as_it_was_after_one_whose_time_was_over(tmp_path: Path) -> None:
    """As `timeout` ends it: with SIGTERM, and SIGCONT right after that."""
    with without_a_daemon(tmp_path) as (screen, program):
        program.send_signal(signal.SIGTERM)
        program.send_signal(signal.SIGCONT)
        screen.until("ended with 0")
        assert screen.is_sane
