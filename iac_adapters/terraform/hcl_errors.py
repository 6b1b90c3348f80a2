"""Broken HCL, told with file, line, column and what stands there, never by the line's text.

The line that does not parse may be the one with the password on it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from reconciler.domain.errors import PermanentError

_REMEDY: Final = "correct the file; `terraform fmt -check` or `tofu fmt -check` shows the line"
_PUNCTUATION: Final = "={}[](),:?.+-*/%<>!&|"


def hcl_error(
    file: Path | str, text: str, *, line: int | None, column: int | None, what: str
) -> PermanentError:
    """Return the error for a fault at `line` and `column` (1-based) of `file`."""
    lines = text.splitlines() or [""]
    row = min(max(line or len(lines), 1), len(lines))
    place = min(max(column or len(lines[row - 1]) + 1, 1), len(lines[row - 1]) + 1)
    kind = _kind_of(lines[row - 1][place - 1 :])
    return PermanentError(f"{file}:{row}:{place}: {what} (at {kind})", remedy=_REMEDY)


def _kind_of(rest: str) -> str:
    """Name the kind of token that `rest` begins with."""
    first = rest.strip()[:1]
    if not first:
        return "the end of the line"
    if first in _PUNCTUATION:
        return f"`{first}`"
    if first in "\"'":
        return "a string"
    if first.isdigit():
        return "a number"
    return "a name" if first.isalpha() or first == "_" else "a character"


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
            f"{file}:{line}: is not UTF-8 text (byte {error.start}), so it is not HCL",
            remedy="save the file as UTF-8, or move it out of the module's directory",
        ) from None
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise PermanentError(
            f"{file}:{line}: holds binary data, so it is not HCL",
            remedy="restore the file, or move it out of the module's directory",
        )
    return text
