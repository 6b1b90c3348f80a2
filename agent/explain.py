"""Which entry of which baseline governs a path of this host, and how the path is now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from agent.protocol.tree import OK, Section
from agent.scope import Scope


def explain(path: str, scope: Scope, files: Section) -> Iterator[str]:
    """Yield lines for a person."""
    live = files.leaves.get(path)
    governing = [
        baseline for baseline in scope.baselines if path in baseline.declared.get("files", {})
    ]
    claiming = [
        baseline
        for baseline in scope.baselines
        if "files" in baseline.claims and baseline not in governing
    ]
    if not governing and not claiming:
        yield f"{path}: no baseline declares it; a change of it is no drift"
    for baseline in claiming:
        yield f"{path}: {baseline.resource_id} claims every file and does not declare this one"
    for baseline in governing:
        yield f"{path}: declared by {baseline.resource_id}"
        yield from _attributes(baseline.declared["files"][path], live)
    if live is None and files.status != OK:
        yield f"  it was not seen, and may be there: the section files is {files.status}"
    elif live is None:
        yield "  it is not on this host"
    elif not governing:
        yield from (f"  {name} = {value}" for name, value in sorted(live.items()))


def _attributes(declared: Mapping[str, Any], live: Mapping[str, Any] | None) -> Iterator[str]:
    for name, value in sorted(declared.items()):
        if isinstance(value, dict):
            yield f"  {name}: secret; the server compares it"
        elif live is not None:
            found = live.get(name)
            sign = "=" if found == value else "!"
            now = "" if found == value else f", is {found}"
            yield f"  {sign} {name} is to be {value}{now}"
