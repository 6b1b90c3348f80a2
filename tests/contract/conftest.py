"""The real Terraform adapter's world, made once per tool and copied for each test."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from tests.world_stack import WorldStack, copied, initialised

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
