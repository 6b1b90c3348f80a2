"""Python tracebacks in messages of programs and providers, each as one line that says where."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_HEAD: Final = "Traceback (most recent call last):"
_FRAME: Final = re.compile(r'\s+File "(?P<file>[^"]*)", line (?P<line>\d+)')
_NOT_THEIRS: Final = ("site-packages", "dist-packages", "/lib/python", "<frozen")


def without_tracebacks(text: str) -> str:
    """Return `text` with each traceback reduced to its exception and the innermost own place."""
    return "\n".join(_lines(text)) if _HEAD in text else text


def _lines(text: str) -> Iterator[str]:
    inside, place = False, ""
    for line in text.split("\n"):
        if line.strip() == _HEAD:
            inside, place = True, ""
        elif not inside:
            yield line
        elif (frame := _FRAME.match(line)) is not None:
            place = _place(frame) or place
        elif line.strip() and not line.startswith((" ", "\t")):
            inside = False
            yield f"{place}: {line}" if place else line
    if inside and place:
        yield place


def _place(frame: re.Match[str]) -> str:
    theirs = not any(part in frame["file"] for part in _NOT_THEIRS)
    return f"{frame['file']}:{frame['line']}" if theirs else ""
