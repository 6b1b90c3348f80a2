"""Files that another process may read while they are written."""

from __future__ import annotations

from pathlib import Path


def write_whole(file: Path, text: str) -> None:
    """Make `text` the content of `file`; who reads it meanwhile has that before or this."""
    draft = file.with_name(f".{file.name}.new")
    draft.write_text(text)
    draft.replace(file)
