"""What a person saw on a walk through the terminal UI, kept for the documentation."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_EXAMPLES: Final = Path(__file__).parents[2] / "docs" / "examples"


class Capture:
    """The screens of one walk, each with what was done."""

    def __init__(self) -> None:
        self._parts: list[str] = []

    def add(self, title: str, screen: str) -> None:
        """Keep a screen."""
        self._parts.append(f"== {title}\n\n{screen.rstrip()}\n")

    def write(self, name: str) -> None:
        """Write the page called `name` anew, where that is asked for."""
        # The pages show what a test saw; it writes them when it is asked to.
        if os.environ.get("TRUEUP_RECORD"):
            (_EXAMPLES / name).write_text("\n".join(self._parts))
