"""Attribute paths as people write them: `ingress[0].cidr_blocks`, `tags.team`."""

from __future__ import annotations

import re
from typing import NewType, TypeAlias

AttributePath = NewType("AttributePath", str)
Steps: TypeAlias = "tuple[str | int, ...]"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def render_path(steps: Steps) -> AttributePath:
    """Write `steps` as a path; a key that is no identifier is quoted: `tags["a.b"]`."""
    path = AttributePath("")
    for step in steps:
        path = step_after(path, step)
    return path


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
