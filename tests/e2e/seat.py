"""`trueup tui` in a real terminal, beside a daemon of a test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from tests.e2e.shop import Shop
from tests.parts import require
from tests.terminal import Terminal, terminal, tmux_path

TRUEUP: Final = Path(sys.executable).with_name("trueup")


@contextmanager
def seated(shop: Shop, settings: Path, *options: str) -> Iterator[Terminal]:
    """Start the terminal UI before the daemon that `settings` name."""
    require("tmux", tmux_path())
    command: list[str | Path] = [TRUEUP, "--config", settings, "tui", *options]
    environment = {**shop.environment, "TERM": "xterm-256color", "LANG": "C.UTF-8"}
    with terminal(command, environment=environment, directory=shop.folder) as opened:
        yield opened
