"""The end of a command's help."""

from __future__ import annotations


def examples(*lines: str) -> str:
    """Return examples as the end of a command's help, kept line by line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])
