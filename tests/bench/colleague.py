"""What a colleague does to a deployed stack with the stock tool."""

from __future__ import annotations

from tests.simulator import run_tool
from tests.worlds.deploy import Deployed


def apply(world: Deployed, *more: str) -> None:
    """Apply the code as it is."""
    arguments = ("apply", *more, "-auto-approve", "-input=false", "-no-color")
    run_tool(world.executable, world.directory, *arguments, environment=world.environment)


def apply_something_else(world: Deployed) -> None:
    """Add a resource that has to do with no other, and apply: its refresh takes all else in."""
    code = world.directory / "unrelated.tf"
    code.write_text('resource "terraform_data" "unrelated" {\n  input = "by a colleague"\n}\n')
    apply(world)
