"""Attribute paths as people write them: `ingress[0].cidr_blocks`, `tags.team`."""

from __future__ import annotations

import re
from typing import NewType, TypeAlias

AttributePath = NewType("AttributePath", str)
Steps: TypeAlias = "tuple[str | int, ...]"

_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*\Z")


def render_path(steps: Steps) -> AttributePath:
    """Write `steps` as a path; a key that is no identifier is quoted: `tags["a.b"]`."""
    parts: list[str] = []
    for step in steps:
        if isinstance(step, int):
            parts.append(f"[{step}]")
        elif _PLAIN.match(step):
            parts.append(f".{step}" if parts else step)
        else:
            quoted = step.replace("\\", "\\\\").replace('"', '\\"')
            parts.append(f'["{quoted}"]')
    return AttributePath("".join(parts))
