"""What the tool made of code that was applied to an empty world, for the next stack of that code.

Tests of one file begin with the same code. The tool applies it once in a process; each later stack
gets the same state and the same objects, under a lineage of its own as after any first apply.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Final

_READS_MORE: Final = re.compile(r"\b(?:file\w*|template\w*|abspath)\(|\bpath\.")
_TOOLS_OWN: Final = frozenset({".terraform", ".terraform.lock.hcl"})
_Key = tuple[str, tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]

_known: dict[_Key, tuple[bytes, bytes]] = {}


def applied_once(tool: Path, state: Path, cloud: Path, apply: Callable[[], None]) -> None:
    """Leave `state` and `cloud` as `apply` leaves them; it is called where nothing is known of it.

    Nothing is known of a stack or a world that is there already, or of code that reads files.
    """
    key = None if state.exists() or cloud.exists() else _key(tool, state.parent, cloud)
    if key is None or (known := _known.get(key)) is None:
        apply()
        if key is not None and state.exists() and cloud.exists():
            _known[key] = state.read_bytes(), cloud.read_bytes()
        return
    made, objects = known
    lineage = json.loads(made)["lineage"]
    state.write_bytes(made.replace(lineage.encode(), str(uuid.uuid4()).encode()))
    cloud.write_bytes(objects)


def _key(tool: Path, directory: Path, cloud: Path) -> _Key | None:
    """Return all that an apply goes by; None where it may go by more."""
    files = []
    for path in sorted(directory.rglob("*")):
        name = path.relative_to(directory)
        if name.parts[0] in _TOOLS_OWN or path.is_dir():
            continue
        files.append((str(name), path.read_text(errors="replace").replace(str(cloud), "CLOUD")))
    if any(_READS_MORE.search(text) for _name, text in files):
        return None
    variables = {name: text for name, text in os.environ.items() if name.startswith("TF_")}
    return str(tool), tuple(files), tuple(sorted(variables.items()))
