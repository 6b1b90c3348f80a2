"""The end of the demo: the terminal UI on stacks that were just broken again."""

from __future__ import annotations

import os
import secrets
import subprocess
import sys
from pathlib import Path

from demo.breakage import break_all, six_breakages
from demo.narration import Narrator
from demo.stage import Stage
from tests.daemon import serving


def wanted() -> bool:
    """Whether somebody sits before a terminal and did not say TUI=0."""
    terminal = all(stream.isatty() for stream in (sys.stdin, sys.stdout, sys.stderr))
    drawable = os.environ.get("TERM", "") not in {"", "dumb"}
    return terminal and drawable and os.environ.get("TUI", "1") not in {"", "0"}


def open_on_broken(stage: Stage, settings: Path, narrator: Narrator) -> None:
    """Break everything again and open the terminal UI on it, until the person leaves it."""
    with serving(
        settings,
        data_dir=stage.data_dir,
        environment=stage.environment,
        directory=stage.own_folder,
    ):
        break_all(six_breakages(secrets.token_urlsafe(12)), stage.world)
        narrator.heading("\nBroken again: see it found and put right; the secret waits for you")
        open_ui(stage, settings)


def open_ui(stage: Stage, settings: Path) -> None:
    """Run the terminal UI until the person leaves it."""
    trueup = Path(sys.executable).with_name("trueup")
    subprocess.run(
        [str(trueup), "--config", str(settings), "tui", "--environment", "demo"],
        cwd=stage.own_folder,
        env={**stage.environment, "TERM": os.environ["TERM"]},
        check=False,
    )
