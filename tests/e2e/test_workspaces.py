"""One directory that is listed twice, for two workspaces of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.command import Trueup
from tests.providers.world_provider import World
from tests.world_stack import WorldStack


def _id_in(state: Path) -> str:
    """Return the id of `world_thing.one` as a workspace's state has it."""
    (attributes,) = (
        resource["instances"][0]["attributes"]
        for resource in json.loads(state.read_text())["resources"]
        if resource["name"] == "one"
    )
    found: str = attributes["id"]
    return found


@pytest.mark.parametrize("selected", ["default", "blue"])
def test_a_directory_listed_for_two_workspaces_is_scanned_in_both(
    stack: WorldStack, trueup: Trueup, tmp_path: Path, selected: str
) -> None:
    """Row T25: it ends as the drifted one does, whichever is selected."""
    stack.run("workspace", "new", "blue")
    stack.apply()
    stack.run("workspace", "select", selected)
    blue = stack.directory / "terraform.tfstate.d" / "blue" / "terraform.tfstate"
    with World(stack.cloud).changed() as content:
        content["objects"][_id_in(blue)]["labels"] = {"team": "by hand"}
    settings = tmp_path / "trueup.toml"
    settings.write_text(
        "".join(
            f'[[stack]]\nname = "{name}"\ndirectory = "{stack.directory}"\nworkspace = "{name}"\n'
            for name in ("default", "blue")
        )
    )
    told = ("--config", settings, "scan", ".")
    ended = trueup.run(*told, "--json", cwd=stack.directory)
    found = {
        report["stack"]: [finding["address"] for finding in report["findings"]]
        for report in ended.json["stacks"]
    }
    assert found == {"default": [], "blue": ["world_thing.one"]}
    assert ended.code == 2
    words = trueup.run(*told, cwd=stack.directory)
    assert words.code == 2
    assert "default" in words.out
    assert "blue" in words.out
