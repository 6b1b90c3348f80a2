"""A command of a scan goes wrong: the scan tells, and never sees less for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import StackReport
from reconciler.domain.report import ExitCode, exit_code
from tests.faulty_tool import FAULTS, NOTHING, commands, faulty, found, scans
from tests.worlds.pulumi.kv import KvProject, item, kv_project
from tests.worlds.pulumi.tools import PulumiTools

_FOUND: Final = {"moved", "follower", "gone", "edited", "kv-dev"}


def _things(edited: str) -> dict[str, Any]:
    return {
        "moved": item("moved"),
        "follower": item("follower", "${moved.rev}"),
        "gone": item("gone"),
        "edited": item("edited", edited),
        "outputs": {"value": "${moved.value}", "given": edited},
    }


@pytest.fixture(scope="module")
def deployed(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> KvProject:
    """A stack in which something moved, something is gone, and the code has changed."""
    project = kv_project(tmp_path_factory.mktemp("faulty"), pulumi, **_things("one"))
    project.write(**_things("two"))
    with project.changed("moved") as content:
        content["value"] = "hack"
    project.object_file("gone").unlink()
    return project


def _faulty(project: KvProject, folder: Path, which: int, fault: str = NOTHING) -> KvProject:
    copied = project.copied(folder.with_name(f"{folder.name}-own"))
    return replace(copied, program=faulty(project.program, folder, which, fault))


def _names(report: StackReport | ReconcilerError) -> set[str]:
    return {address.rpartition("::")[2] for address in found(report)}


@pytest.mark.parametrize("fault", ["says nothing", "says half", "killed at its end"])
async def test_whatever_command_fails_nothing_is_lost_unsaid(
    deployed: KvProject, tmp_path: Path, fault: str
) -> None:
    well = _faulty(deployed, tmp_path / "well", 0)
    (good,) = await scans(well, 1)
    assert _names(good) == _FOUND
    calls = commands(well.program)
    assert calls == ["version", "preview", "preview"]
    for number, command in enumerate(calls, 1):
        ill = _faulty(deployed, tmp_path / f"{number}", number, FAULTS[fault])
        seen, again = await scans(ill, 2)
        if isinstance(seen, StackReport) and _names(seen) != _FOUND:
            assert exit_code([seen]) is ExitCode.INCOMPLETE, (command, seen)
        assert _names(again) == _FOUND, command
