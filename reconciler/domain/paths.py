"""Attribute paths as people write them: `ingress[0].cidr_blocks`, `tags.team`."""

from __future__ import annotations

import re
from typing import NewType, TypeAlias

AttributePath = NewType("AttributePath", str)
Steps: TypeAlias = "tuple[str | int, ...]"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")
_STEP = re.compile(
    r'\.?(?P<name>[^.\[]+)|\[(?P<index>\d+)\]|\["(?P<key>(?:[^"\\]|\\.)*)"\]', re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def render_path(steps: Steps) -> AttributePath:
    """Write `steps` as a path; a key that is no identifier is quoted: `tags["a.b"]`."""
    path = AttributePath("")
    for step in steps:
        path = step_after(path, step)
    return path


def root_of(path: str) -> str:
    """Return the attribute that a path begins with."""
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


def step_after(path: AttributePath, step: str | int) -> AttributePath:
    """Write the path that is one `step` below `path`."""
    if isinstance(step, int):
        return AttributePath(f"{path}[{step}]")
    if _PLAIN.match(step):
        return AttributePath(f"{path}.{step}" if path else step)
    quoted = step.replace("\\", "\\\\").replace('"', '\\"')
    return AttributePath(f'{path}["{quoted}"]')


def attribute_of(path: str) -> str:
    """Return the name of the attribute that a path begins with."""
    return path.split(".", maxsplit=1)[0].split("[", maxsplit=1)[0]


def steps_of(path: str) -> Steps:
    """Return the steps of a path that `render_path` wrote; of another text as much as it reads."""
    steps: list[str | int] = []
    at = 0
    while (match := _STEP.match(path, at)) is not None:
        at = match.end()
        if match["index"] is not None:
            steps.append(int(match["index"]))
        else:
            key = match["key"]
            steps.append(match["name"] if key is None else _ESCAPED.sub(r"\1", key))
    return tuple(steps)
