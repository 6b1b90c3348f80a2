"""A script that a plan runs: the file and its hash, its limits, and what it is given."""

from __future__ import annotations

import json
from collections.abc import Iterator

from reconciler.wire.plans import PlannedScript
from tui.ink import Line, line

_INDENT = " " * 11


def script_lines(script: PlannedScript, *, values: bool = True) -> Iterator[Line]:
    """Yield what will run; without `values` not what it reads on its standard input."""
    yield ()
    yield line(("> runs     ", "medium"), (script.path, "strong"))
    yield line(_INDENT, ("sha256 ", "dim"), script.sha256)
    yield line(
        _INDENT,
        f"at most {script.seconds:g} s, {_mib(script.memory)} of memory per process,"
        f" {script.processes} processes",
    )
    network = "with the network" if script.network else "without network"
    yield line(_INDENT, "isolated, " if script.isolated else "not isolated, ", network)
    yield line(_INDENT, "variables of the stack: ", ", ".join(script.environment) or "none")
    if script.lack:
        yield line(_INDENT, (f"! {script.lack}", "high"))
    if not values:
        return
    yield line(_INDENT, ("standard input:", "dim"))
    given = json.dumps(script.given, indent=2, sort_keys=True, ensure_ascii=False)
    for text in given.splitlines():
        yield line(_INDENT, "  ", text)


def _mib(size: int) -> str:
    return f"{size / 2**20:g} MiB"
