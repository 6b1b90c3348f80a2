"""`trueup tui` without any setting, and beside a daemon that is stopped."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

from tests.daemon import free_port, serving
from tests.e2e.seat import TRUEUP
from tests.parts import require
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
