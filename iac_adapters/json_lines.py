"""Logs of one JSON object per line, among other lines, as tools write them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import orjson

_LONGEST_LINE: Final = 1 << 20


def object_in(line: bytes) -> Mapping[str, Any] | None:
    """Return the object that a line is; None for what is none."""
    if not line.startswith(b"{"):
        return None
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def lines_of(log: Path) -> Iterator[bytes]:
    """Yield a log's lines, the longest in pieces; one that is not there has none."""
    try:
        with log.open("rb") as stream:
            while line := stream.readline(_LONGEST_LINE):
                yield line
    except FileNotFoundError:
        return
