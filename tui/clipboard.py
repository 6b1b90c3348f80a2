"""What a terminal takes into its clipboard."""

from __future__ import annotations

from typing import Final

_MOST_BYTES: Final = 56_000
"""Base64 makes 75 kB of it, which is what terminals and tmux let pass."""


def fit_for_terminal(text: str) -> tuple[str, int]:
    """Return as much of `text` as a terminal takes, and how many characters are left out."""
    fitting = text.encode("utf-8", "replace")[:_MOST_BYTES].decode("utf-8", "ignore")
    return fitting, len(text) - len(fitting)
