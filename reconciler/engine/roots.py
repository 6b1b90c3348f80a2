"""Where stacks that are registered over the API may lie, with all their files.

Whoever holds an admin token could else have `/etc/shadow` read as a file of variables, and
read it again in the errors.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from reconciler.domain.errors import InvalidError


def refuse_outside(definition: Mapping[str, Any], roots: Sequence[Path]) -> None:
    """Refuse a stack of which a path leads out of all `roots`, symbolic links followed.

    Raises:
        InvalidError: naming the key and the path.
    """
    allowed = [root.resolve() for root in roots]
    for key, path in _paths(definition):
        place = Path(path).resolve()
        if not any(place.is_relative_to(root) for root in allowed):
            raise InvalidError(
                f"`{key}`: {path} is not below {_listed(roots)}",
                remedy="add its directory to `roots` in [daemon] of trueup.toml and restart the"
                " daemon, or register the stack in trueup.toml",
            )


def _paths(definition: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    yield "directory", definition["directory"]
    for number, file in enumerate(definition.get("var_files") or ()):
        yield f"var_files[{number}]", file
    for key in ("env_file", "working_directory"):
        if definition.get(key):
            yield key, definition[key]


def _listed(roots: Sequence[Path]) -> str:
    return " or ".join(map(str, roots)) or "any of the daemon's roots: it has none"
