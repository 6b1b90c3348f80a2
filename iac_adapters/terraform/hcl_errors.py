"""Broken HCL, told with file, line and caret as people expect it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError

_SHOWN_COLUMNS: Final = 120
_REMEDY: Final = "correct the file; `terraform fmt -check` or `tofu fmt -check` shows more"


def hcl_error(
    file: Path | str, text: str, *, line: int | None, column: int | None, what: str
) -> PermanentError:
    """Return the error for a fault at `line` and `column` (1-based) of `file`."""
    lines = text.splitlines() or [""]
    row = min(max(line or len(lines), 1), len(lines))
    shown = lines[row - 1].replace("\t", " ")
    place = min(max(column or len(shown) + 1, 1), len(shown) + 1)
    start = max(0, place - _SHOWN_COLUMNS)
    excerpt = shown[start : start + _SHOWN_COLUMNS]
    number = str(row)
    return PermanentError(
        f"{file}:{row}:{place}: {what}\n"
        f"  {number} | {excerpt}\n"
        f"  {' ' * len(number)} | {' ' * (place - 1 - start)}^",
        remedy=_REMEDY,
    )


def decode_hcl(file: Path | str, data: bytes) -> str:
    """Return the file's text without its byte order mark.

    Raises:
        PermanentError: it is binary.
    """
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PermanentError(
            f"{file}:{line}: is not UTF-8 text (byte {error.start}), so it is no HCL",
            remedy="save the file as UTF-8, or move it out of the module's directory",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PermanentError(
            f"{file}:{line}: holds binary data, so it is no HCL",
            remedy="restore the file, or move it out of the module's directory",
        )
    return text
