"""Where stacks that are registered over the API may lie, with all their files.

Whoever holds an admin token could else have `/etc/shadow` read as a file of variables, and
read it again in the errors.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from reconciler.domain.errors import InvalidError
from reconciler.domain.records import StackRecord
from reconciler.engine.service import Service
from reconciler.ports import StackReference


def reference_within(service: Service, stack: StackRecord) -> StackReference:
    """Return how to read the stack; no file outside the daemon's roots is opened for it.

    Raises:
        InvalidError: a path leads out of all roots, or an option makes no sense.
        PermanentError: the directory or the environment file cannot be used.
    """
    refuse_outside(_common_paths(stack), service.roots)
    reference = service.reference_of(stack)
    if reference.options is not None:
        refuse_outside(reference.options.paths(), service.roots)
    return reference


def refuse_outside(paths: Iterable[tuple[str, str | Path]], roots: Sequence[Path]) -> None:
    """Refuse a stack of which a path leads out of all `roots`, symbolic links followed.

    Raises:
        InvalidError: naming the key and the path.
    """
    allowed = [root.resolve() for root in roots]
    for key, path in paths:
        place = Path(path).resolve()
        if not any(place.is_relative_to(root) for root in allowed):
            raise InvalidError(
                f"`{key}`: {path} is not below {_listed(roots)}",
                remedy="add its directory to `roots` in [daemon] of trueup.toml and restart the"
                " daemon, or register the stack in trueup.toml",
            )


def _common_paths(stack: StackRecord) -> Iterator[tuple[str, str]]:
    yield "directory", stack.definition.get("directory") or stack.directory
    if stack.definition.get("env_file"):
        yield "env_file", stack.definition["env_file"]


def _listed(roots: Sequence[Path]) -> str:
    return " or ".join(map(str, roots)) or "any of the daemon's roots: it has none"
