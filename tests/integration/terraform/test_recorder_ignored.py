"""Recording what `ignore_changes` leaves out: it is known before and after."""

from __future__ import annotations

from reconciler.domain.model import (
    InSync,
    Noise,
)
from tests.integration.terraform.drifted import paths
from tests.world_stack import WorldStack, verdicts


async def test_ignored_changes_are_noise_whenever_the_recording_was_made(
    stack: WorldStack,
) -> None:
    stack.apply(
        """
        resource "world_thing" "attribute" {
          name = "attribute"
          size = 5
          secret = "a"
          lifecycle { ignore_changes = [size] }
        }
        resource "world_thing" "key" {
          name   = "key"
          labels = { mine = "1", theirs = "1" }
          lifecycle { ignore_changes = [labels["theirs"]] }
        }
        resource "world_thing" "all" {
          name  = "all"
          size  = 5
          lifecycle { ignore_changes = all }
        }
        resource "world_thing" "index" {
          name  = "index"
          steps = ["a", "b"]
          lifecycle { ignore_changes = [steps[0]] }
        }
        resource "world_thing" "nested" {
          name   = "nested"
          leader = { name = "l", weight = 1 }
          lifecycle { ignore_changes = [leader.weight] }
        }
        """
    )
    async with stack.adapter() as before:
        snapshot = await before.load(stack.reference())
        with stack.changed() as things:
            things["attribute"]["size"] = 6
            things["key"]["labels"] = {"mine": "1", "theirs": "2"}
            things["all"]["size"] = 7
            things["index"]["steps"] = ["x", "b"]
            things["nested"]["leader"]["weight"] = 2
        early = await verdicts(before, snapshot)
        for name, verdict in early.items():
            assert isinstance(verdict, Noise), (name, verdict)
        with stack.changed() as things:
            things["attribute"]["secret"] = "b"
            things["key"]["labels"] = {"mine": "2", "theirs": "2"}
            things["index"]["steps"] = ["x", "c"]
            things["nested"]["leader"] = {"name": "m", "weight": 2, "labels": None}
        early = await verdicts(before, snapshot)
    late = await stack.scan()
    assert early == late
    assert paths(late["world_thing.attribute"]) == ["secret"]
    assert paths(late["world_thing.key"]) == ["labels.mine"]
    assert paths(late["world_thing.index"]) == ["steps"]
    assert paths(late["world_thing.nested"]) == ["leader.name"]
    assert isinstance(late["world_thing.all"], Noise)


async def test_an_apply_that_changed_an_ignored_value_is_recorded_before_ignoring(
    stack: WorldStack,
) -> None:
    """The state holds the ignored value of an earlier apply; the code says another."""
    code = """
        resource "world_thing" "one" {
          name = "one"
          size = %d
          lifecycle { ignore_changes = [size] }
        }
        """
    stack.apply(code % 5)
    stack.write(code % 6)
    assert await stack.scan() == {"world_thing.one": InSync()}
    with stack.changed() as things:
        things["one"]["size"] = 8
    assert isinstance((await stack.scan())["world_thing.one"], Noise)
