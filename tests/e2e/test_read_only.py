"""A scan writes nothing: not in the stack's directory, not beside it, not in the cloud."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Final

import pytest

from tests.e2e.command import Trueup
from tests.simulator import aws_environment
from tests.world_stack import WorldStack
from tests.worlds.api_calls import recorded_calls
from tests.worlds.deploy import Deployed

READING: Final = re.compile(r"([A-Za-z]+_\d{8}\.|[\w.]+\.)?(Describe|List|Get)\w*\Z|(GET|HEAD) /")
Snapshot = dict[str, tuple[int, int, int, bytes]]


def _snapshot(folder: Path) -> Snapshot:
    """Return all there is below `folder`: kind, size, time of change, content."""
    found: Snapshot = {}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files, "."):
            place = Path(parent, name)
            status = place.lstat()
            content = place.read_bytes() if place.is_file() else b""
            key = str(place.relative_to(folder))
            found[key] = (status.st_mode, status.st_size, status.st_mtime_ns, content)
    return found


@pytest.mark.parametrize("engine", ["plugin", "cli"])
@pytest.mark.parametrize("kind", ["in_sync", "drifted", "broken", "unreadable"])
def test_no_file_changes(kind: str, engine: str, stack: WorldStack, trueup: Trueup) -> None:
    code = 0
    if kind == "drifted":
        code = 2
        with stack.changed() as things:
            things["many-0"]["labels"] = {"team": "nobody"}
            del things["many-2"]
    elif kind == "broken":
        code = 1 if engine == "plugin" else 3
        (stack.directory / "extra.tf").write_text(
            'resource "world_thing" "x" {\n  size = var.no\n}'
        )
    elif kind == "unreadable":
        code = 3
        stack.turn(one="deny")
    before = _snapshot(stack.directory.parent)
    ended = trueup.run("scan", stack.directory, "--engine", engine)
    assert ended.code == code, ended.everything
    assert _snapshot(stack.directory.parent) == before


def test_a_workspace_that_is_not_there_is_not_made(stack: WorldStack, trueup: Trueup) -> None:
    before = _snapshot(stack.directory)
    assert trueup.run("scan", stack.directory, "--workspace", "nope").code == 1
    assert _snapshot(stack.directory) == before


@pytest.mark.asyncio
@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_only_reading_calls_reach_the_cloud(
    engine: str, small5: Deployed, tmp_path: Path
) -> None:
    world = small5.world()
    logs = world.client("logs")
    before = _snapshot(small5.directory)
    async with recorded_calls(small5.simulator_endpoint) as calls:
        environment = {
            **{k: v for k, v in small5.environment.items() if not k.startswith("XDG_")},
            **aws_environment(calls.endpoint),
            "XDG_CACHE_HOME": str(tmp_path),
        }
        trueup = Trueup(environment)
        arguments = ("scan", small5.directory, "--engine", engine)
        quiet = await asyncio.to_thread(trueup.run, *arguments)
        logs.put_retention_policy(logGroupName="/small/worker", retentionInDays=7)
        try:
            drifted = await asyncio.to_thread(trueup.run, *arguments)
        finally:
            logs.put_retention_policy(logGroupName="/small/worker", retentionInDays=30)
        made = calls.by_action()
    assert (quiet.code, drifted.code) == (0, 2), quiet.everything + drifted.everything
    assert made, "something was asked"
    assert [action for action in made if not READING.match(action)] == []
    assert _snapshot(small5.directory) == before
