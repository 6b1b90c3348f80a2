"""Any object of the API: on one line, and in full."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from tui.ink import Line, line
from tui.lines.values import written


def brief(body: Mapping[str, Any]) -> str:
    """Return its fields on one line."""
    return " ".join(f"{name}={written(value)}" for name, value in body.items())


def object_lines(body: Mapping[str, Any]) -> Iterator[Line]:
    """Yield it as JSON, line by line."""
    text = orjson.dumps(body, option=orjson.OPT_INDENT_2).decode()
    yield from (line(each) for each in text.splitlines())
