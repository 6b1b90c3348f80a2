"""The files of one run, each named here and nowhere else."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

PLANS: Final = "plan*"
"""What an adapter saves of a plan has such a name: it holds secrets, and goes when the run ends."""


@dataclass(frozen=True, slots=True)
class RunFolder:
    """A run's private folder at `path`, on the daemon's host."""

    path: Path

    @property
    def started(self) -> Path:
        """Which process the runner is, and which its command; there before either begins."""
        return self.path / "started.json"

    @property
    def log(self) -> Path:
        """What the command says; it may hold secrets, and is sealed when the run is over."""
        return self.path / "log"

    @property
    def ended(self) -> Path:
        """How the command ended. Without it nobody knows."""
        return self.path / "exit.json"
