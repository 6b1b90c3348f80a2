"""The real adapters' worlds, made once per tool and copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from tests import pulumi_world
from tests.pulumi_world import PulumiStack, thing
from tests.world_stack import WorldStack, copied, initialised
from tests.worlds.pulumi.tools import PulumiTools

NAMES = ("kept", "gone", "denied")

THREE = """
resource "world_thing" "each" {
  for_each = toset(["kept", "gone", "denied"])
  name     = each.key
}
"""


@pytest.fixture(scope="session")
def applied() -> dict[str, Path]:
    """Applied templates by tool, filled as they are needed."""
    return {}


@pytest.fixture(scope="session")
def three_by_pulumi(pulumi: PulumiTools, tmp_path_factory: pytest.TempPathFactory) -> PulumiStack:
    """A Pulumi stack in which all three things exist; for copying only."""
    folder = tmp_path_factory.mktemp("three-pulumi")
    return pulumi_world.initialised(folder, pulumi, [thing(name) for name in NAMES])


def three_things(
    applied: dict[str, Path], tool: Executable, factory: pytest.TempPathFactory, folder: Path
) -> WorldStack:
    """Return a stack of one's own in which all three things exist."""
    if tool.name not in applied:
        template = initialised(tool, factory.mktemp(f"three-{tool.name}"))
        made = copied(template, template / "made", tool)
        made.apply(THREE)
        applied[tool.name] = template
    template = applied[tool.name]
    stack = copied(template, folder, tool)
    stack.state.write_bytes((template / "made/code/terraform.tfstate").read_bytes())
    stack.cloud.write_bytes((template / "made/world.json").read_bytes())
    stack.write(THREE)
    return stack
