"""Pulumi's plugins start where the CLI starts them: in the folder that `main` is or lies in."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import pytest

from reconciler.domain.model import InSync
from tests.worlds.pulumi.project import PulumiProject
from tests.worlds.pulumi.tools import PulumiTools

_PLUGIN: Final = Path(__file__).parents[2] / "providers" / "gadget_plugin.py"
_PROGRAM: Final = (
    'import pulumi\npulumi.CustomResource("gadgets:index:Gadget", "one", {"value": "v"})\n'
)


@pytest.mark.parametrize("main", ["app", "app/__main__.py"])
async def test_a_plugin_starts_in_the_same_directory_for_a_scan(
    pulumi: PulumiTools, tmp_path: Path, main: str
) -> None:
    """Row V1."""
    told = tmp_path / "told"
    stack = _gadgets(tmp_path, pulumi, main=main, told=told)
    stack.run("stack", "init")
    stack.up()
    by_the_cli = set(told.read_text().split())
    told.unlink()
    assert (await stack.scan())["one"] == InSync()
    by_the_scan = set(told.read_text().split())
    assert by_the_scan == by_the_cli == {str(stack.directory / "app")}


def _gadgets(folder: Path, pulumi: PulumiTools, *, main: str, told: Path) -> PulumiProject:
    """Return a stack of one gadget, whose plugin tells where it is started."""
    for name in ("code/app", "state", "home", "bin"):
        (folder / name).mkdir(parents=True)
    (folder / "code" / "Pulumi.yaml").write_text(f"name: gadgets\nruntime: python\nmain: {main}\n")
    (folder / "code" / "app" / "__main__.py").write_text(_PROGRAM)
    plugin = folder / "bin" / "pulumi-resource-gadgets"
    plugin.write_text(f'#!/bin/sh\npwd -P >> {told}\nexec {sys.executable} {_PLUGIN} "$@"\n')
    plugin.chmod(0o755)
    path = f"{plugin.parent}:{os.environ['PATH']}"
    return PulumiProject(folder=folder, program=pulumi.cli, name="gadgets", extra={"PATH": path})
