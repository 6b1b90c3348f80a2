"""Where in a TOML text each key stands, since the standard parser does not say."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, TypeAlias

KeyPath: TypeAlias = "tuple[str | int, ...]"
"""Keys and list indexes from the root, such as `("stack", 1, "interval")`."""

_HEADER: Final = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?$")
_ASSIGNMENT: Final = re.compile(r"""^\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*[\w"'-]+)*)\s*=""")
_TRIPLE: Final = re.compile(r'"""|\'\'\'')


def key_lines(text: str) -> Mapping[KeyPath, int]:
    """Return the line, from 1, of every table header and every `key =` line of valid TOML.

    Keys inside inline tables and arrays are not listed: their line is their parent's.
    """
    lines: dict[KeyPath, int] = {}
    table: KeyPath = ()
    counts: dict[KeyPath, int] = {}
    inside: str | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        before, inside = inside, _open_string(line, inside)
        if before is not None:
            continue
        if header := _HEADER.match(line):
            table = _enter(_split(header.group(2)), counts, repeated=header.group(1) == "[[")
            lines.setdefault(table, number)
            # A list of tables begins where its first one does.
            lines.setdefault(table[:-1] if isinstance(table[-1], int) else table, number)
        elif assignment := _ASSIGNMENT.match(line):
            lines.setdefault((*table, *_split(assignment.group(1))), number)
    return lines


def line_of(lines: Mapping[KeyPath, int], path: KeyPath) -> int | None:
    """Return the line of `path`, or of the nearest part above it that has one."""
    for end in range(len(path), 0, -1):
        if path[:end] in lines:
            return lines[path[:end]]
    return None


def _open_string(line: str, inside: str | None) -> str | None:
    """Return the delimiter of the multi-line string still open after `line`."""
    for mark in _TRIPLE.findall(line):
        if inside is None:
            inside = mark
        elif inside == mark:
            inside = None
    return inside


def _split(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip().strip("\"'") for part in dotted.split("."))


def _enter(names: tuple[str, ...], counts: dict[KeyPath, int], *, repeated: bool) -> KeyPath:
    """Return the path of a table, going through the newest element of every list above it."""
    path: KeyPath = ()
    for position, name in enumerate(names):
        path = (*path, name)
        if repeated and position == len(names) - 1:
            counts[path] = counts.get(path, -1) + 1
        if path in counts:
            path = (*path, counts[path])
    return path
