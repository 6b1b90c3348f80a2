"""Leaving the terminal UI while a correction runs: the run goes on, and the terminal is sane."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

import psutil
import pytest

from tests.daemon import UNLIMITED, Daemon, serving
from tests.e2e.seat import TRUEUP
from tests.parts import require
from tests.patience import PATIENCE_S
from tests.ports import free_port
from tests.terminal import Terminal, terminal, tmux_path
from tests.world_stack import WorldStack

pytestmark = pytest.mark.slow
_CODE: Final = """
resource "world_thing" "one" {
  name   = "one"
  labels = { team = "web" }
}
"""
_SETTINGS: Final = (
    """
[daemon]
listen = "127.0.0.1:{port}"
data_dir = "data"
confirm_after = "0s"

[[stack]]
name = "world"
directory = "{directory}"
interval = "10s"

[[policy]]
name = "put back"
match = {{stack = "world"}}
action_type = "auto_correct"
"""
    + UNLIMITED
)


def test_a_run_goes_on_however_the_terminal_is_left(
    stack: WorldStack, caches: Path, tmp_path: Path
) -> None:
    require("tmux", tmux_path())
    stack.apply(_CODE)
    settings = tmp_path / "trueup.toml"
    settings.write_text(_SETTINGS.format(port=free_port(), directory=stack.directory))
    environment = {
        **os.environ,
        **stack.environment,
        "XDG_CACHE_HOME": str(caches),
        "XDG_STATE_HOME": str(tmp_path / "state"),
        "TERM": "xterm-256color",
        "LANG": "C.UTF-8",
    }
    with (
        serving(
            settings, data_dir=tmp_path / "data", environment=environment, directory=tmp_path
        ) as daemon,
        ExitStack() as opened,
    ):
        daemon.until("a complete scan", lambda: daemon.ask("/stacks/world")["verified_at"])
        stack.forget_calls()
        stack.while_applying(one="wait")
        with stack.changed() as things:
            things["one"]["labels"]["team"] = "somebody-else"
        daemon.ask("/stacks/world/scan", {})
        daemon.until("a run", lambda: _runs(daemon) == ["started"])
        quits, copies, ended, closed = (
            opened.enter_context(_at_the_run(settings, environment)) for _ in range(4)
        )
        programs = [_program_in(screen) for screen in (quits, copies, ended, closed)]
        _leave_by_its_key(quits)
        _leave_by_interrupts(copies)
        programs[2].terminate()
        assert "1 run(s) go on in the daemon" in ended.until("ended with 0")
        closed.end()
        for screen in (quits, copies, ended):
            assert screen.is_sane
            assert "applying" not in screen.screen
        _gone, left = psutil.wait_procs(programs, timeout=PATIENCE_S)
        assert not left
        assert _runs(daemon) == ["started"]
        stack.while_applying(one=None)
        daemon.until("its end", lambda: _remediations(daemon) == ["converged"])
        assert _runs(daemon) == ["finished"]
    assert stack.calls("apply") == 1
    with stack.changed() as things:
        assert things["one"]["labels"]["team"] == "web"


def _leave_by_its_key(screen: Terminal) -> None:
    screen.press("q")
    assert "1 run(s) go on in the daemon" in screen.until("ended with 0")


def _leave_by_interrupts(screen: Terminal) -> None:
    """Press ^c with text selected, which copies that, and once more."""
    screen.let_programs_copy()
    screen.drag("world_thing.one")
    screen.press("C-c")
    screen.until("copied 15 characters")
    assert screen.clipboard == "world_thing.one"
    screen.press("C-c")
    assert "1 run(s) go on in the daemon" in screen.until("ended with 0")


@contextmanager
def _at_the_run(settings: Path, environment: Mapping[str, str]) -> Iterator[Terminal]:
    """Open a terminal in which the run is followed."""
    command: list[str | Path] = [TRUEUP, "--config", settings, "tui"]
    with terminal(command, environment=environment, directory=settings.parent) as screen:
        screen.until("> applying")
        screen.press("3")
        screen.until("> running")
        screen.press("Enter")
        screen.until("world_thing.one")
        yield screen


def _program_in(screen: Terminal) -> psutil.Process:
    (child,) = psutil.Process(screen.shell_pid).children()
    return child


def _runs(daemon: Daemon) -> list[str]:
    return [run["state"] for run in daemon.ask("/runs")["items"]]


def _remediations(daemon: Daemon) -> list[str]:
    return [each["state"] for each in daemon.ask("/remediations")["items"]]
