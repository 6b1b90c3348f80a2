"""Moves that the code asks for and nobody has applied: what is judged, and by which block."""

from __future__ import annotations

from reconciler.domain.model import (
    Drifted,
    Origin,
    Snapshot,
    SourcePosition,
    Unmanaged,
    Verdict,
)
from tests.integration.terraform.tools import ENGINES
from tests.world_stack import WorldStack, verdicts

from .drifted import paths

REQUIRES = 'terraform {\n  required_providers { world = { source = "trueup/world" } }\n}\n'
BEFORE = """
module "m1" { source = "./m" }
resource "world_thing" "a" { name = "a" }
resource "world_thing" "list" {
  count = 2
  name  = "list-${count.index}"
}
resource "world_thing" "single" { name = "single" }
resource "world_thing" "plain" { name = "plain" }
"""
AFTER = """
module "m2" {
  source   = "./m"
  for_each = toset(["k"])
}
moved {
  from = module.m1
  to   = module.m2["k"]
}
resource "world_thing" "c" {
  name = "a"
  lifecycle { ignore_changes = [enabled] }
}
moved {
  from = world_thing.b
  to   = world_thing.c
}
moved {
  from = world_thing.a
  to   = world_thing.b
}
resource "world_thing" "each" {
  for_each = { x = "list-0", "y.z" = "list-1" }
  name     = each.value
  lifecycle { ignore_changes = [enabled] }
}
moved {
  from = world_thing.list[0]
  to   = world_thing.each["x"]
}
moved {
  from = world_thing.list[1]
  to   = world_thing.each["y.z"]
}
resource "world_thing" "single" {
  count = 1
  name  = "single"
  lifecycle { ignore_changes = [enabled] }
}
"""
INNER_BEFORE = 'resource "world_thing" "in" { name = "in" }\n'
INNER_AFTER = """
resource "world_thing" "inner" {
  name = "in"
  lifecycle { ignore_changes = [enabled] }
}
moved {
  from = world_thing.in
  to   = world_thing.inner
}
"""
# What the state has, and the first words of the block that declares it now.
MOVED = {
    "module.m1.world_thing.in": ("m/main.tf", 'resource "world_thing" "inner"'),
    "world_thing.a": ("main.tf", 'resource "world_thing" "c"'),
    "world_thing.list[0]": ("main.tf", 'resource "world_thing" "each"'),
    "world_thing.list[1]": ("main.tf", 'resource "world_thing" "each"'),
    "world_thing.single": ("main.tf", 'resource "world_thing" "single"'),
}

pytestmark = ENGINES


def _write(stack: WorldStack, code: str, inner: str = INNER_BEFORE) -> None:
    (stack.directory / "m").mkdir(exist_ok=True)
    (stack.directory / "m" / "main.tf").write_text(REQUIRES + inner)
    stack.write(code)
    stack.run("get")


async def _look(stack: WorldStack, engine: str) -> tuple[Snapshot, dict[str, Verdict]]:
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference(engine=engine))
        return snapshot, await verdicts(adapter, snapshot)


def _first_line(stack: WorldStack, position: SourcePosition) -> str:
    return (stack.directory / position.file).read_text().splitlines()[position.line - 1]


async def test_what_moves_keeps_its_block_and_what_it_ignores(
    stack: WorldStack, engine: str
) -> None:
    """Row T26."""
    _write(stack, BEFORE)
    stack.apply()
    _write(stack, AFTER, INNER_AFTER)
    snapshot, seen = await _look(stack, engine)
    assert seen.pop("world_thing.plain") == Unmanaged()
    assert seen.keys() == MOVED.keys()
    for address, verdict in seen.items():
        assert paths(verdict) == [], address
        assert isinstance(verdict, Drifted)
        assert "the code moves it to" in str(verdict.reason)
    sources = {str(resource.address): resource.source for resource in snapshot.resources}
    for address, (file, words) in MOVED.items():
        position = sources[address]
        assert position is not None, address
        assert position.file == file
        assert _first_line(stack, position).startswith(words)
    with stack.changed() as things:
        for thing in things.values():
            thing["enabled"] = True
    _, seen = await _look(stack, engine)
    del seen["world_thing.plain"]
    for address, verdict in seen.items():
        assert paths(verdict) == [], address
        assert isinstance(verdict, Drifted)
        assert {str(item.path) for item in verdict.noise} == {"enabled"}


async def test_what_else_is_planned_for_a_moved_resource_is_told(
    stack: WorldStack, engine: str
) -> None:
    """Row T26."""
    stack.apply(
        """
        resource "world_thing" "old" { name = "one" }
        resource "world_thing" "lost" { name = "two" }
        """
    )
    stack.write(
        """
        resource "world_thing" "new" {
          name    = "one"
          enabled = true
        }
        moved {
          from = world_thing.old
          to   = world_thing.new
        }
        moved {
          from = world_thing.lost
          to   = world_thing.nowhere
        }
        """
    )
    _, seen = await _look(stack, engine)
    verdict = seen["world_thing.old"]
    assert isinstance(verdict, Drifted)
    assert [(c.path, c.origin) for c in verdict.changes] == [("enabled", Origin.UNAPPLIED)]
    assert seen["world_thing.lost"] == Unmanaged()
