"""Holds what a scan found against what was really broken."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from demo.breakage import Breakage
from demo.narration import StepError
from tests.worlds.mutations.mutation import paths_match


def check_found(stack: dict[str, Any], breakages: Iterable[Breakage], directory: Path) -> None:
    """Do nothing when exactly these breakages were found, in kind, path, file and line.

    Raises:
        StepError: one is missing, wrong or one too many; the message names all of them.
    """
    found = {finding["address"]: finding for finding in stack["findings"]}
    expected = {breakage.address: breakage for breakage in breakages}
    wrong = [f"{address}: nobody touched it" for address in found.keys() - expected.keys()]
    for address, breakage in expected.items():
        if address not in found:
            wrong.append(f"{address}: not found")
        else:
            wrong += _disagreements(found[address], breakage, directory)
    if stack["unreadable"]:
        wrong.append(f"unreadable: {stack['unreadable']}")
    if wrong:
        raise StepError("the findings are not those expected:\n" + "\n".join(wrong))


def _disagreements(finding: dict[str, Any], breakage: Breakage, directory: Path) -> Iterable[str]:
    if finding["kind"] != breakage.kind:
        yield f"{breakage.address}: {finding['kind']}, expected {breakage.kind}"
    paths = {change["path"] for change in finding["changes"]}
    if not paths_match(breakage.paths, paths):
        yield f"{breakage.address}: {sorted(paths)}, expected {sorted(breakage.paths)}"
    place = {"file": breakage.file, "line": declared_line(directory / breakage.file, breakage)}
    if finding["source"] != place:
        yield f"{breakage.address}: said to stand at {finding['source']}, stands at {place}"


def declared_line(file: Path, breakage: Breakage) -> int:
    """Return the line of `file` that declares the broken resource.

    Raises:
        StepError: it is not there.
    """
    type_name, name = breakage.address.split(".")
    block = re.compile(rf'resource\s+"{type_name}"\s+"{name}"')
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        if block.match(line):
            return number
    raise StepError(f"{file.name} does not declare {breakage.address}")
