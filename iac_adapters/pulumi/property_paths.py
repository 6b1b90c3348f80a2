"""Property paths as programs write them: `tags.team`, `ingresses[0]`, `data["a.b"]`, `*`.

Source: sdk/go/common/resource/property_path.go of pulumi/pulumi.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from reconciler.domain.compare import overlap
from reconciler.domain.paths import Steps

_STEP: Final = re.compile(
    r'\.?(?P<name>[^.\[\]"]+)|\[(?P<index>\d+)\]|\[\*\]|\["(?P<quoted>(?:[^"\\]|\\.)*)"\]'
)
ANY: Final = "*"


def parse_property_path(text: str) -> Steps:
    """Return the steps of a path; one that cannot be read is one step, and leads nowhere else."""
    steps: list[str | int] = []
    at = 0
    while at < len(text) and (found := _STEP.match(text, at)):
        if (index := found["index"]) is not None:
            steps.append(int(index))
        elif (quoted := found["quoted"]) is not None:
            steps.append(quoted.replace('\\"', '"').replace("\\\\", "\\"))
        else:
            steps.append(found["name"] or ANY)
        at = found.end()
    return tuple(steps) if at == len(text) else (text,)


def leads_to(path: Steps, steps: Steps) -> bool:
    """Whether `path`, which may hold `*`, names `steps` or a place around it."""
    if len(path) > len(steps):
        return False
    return all(step in (ANY, other) for step, other in zip(path, steps, strict=False))


def covered(steps: Steps, paths: Iterable[Steps]) -> bool:
    """Whether one of `paths` leads to `steps`."""
    return any(leads_to(path, steps) for path in paths)


def touches(steps: Steps, places: Iterable[Steps]) -> bool:
    """Whether `steps` is one of `places`, within one, or around one."""
    return any(overlap(steps, place) for place in places)


def top(steps: Steps) -> str:
    """Return the name of the property that `steps` begin with."""
    return str(steps[0]) if steps else ""
