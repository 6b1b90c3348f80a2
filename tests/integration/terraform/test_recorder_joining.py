"""Whose is what was recorded: aliases, twins, predecessors and states of other releases."""

from __future__ import annotations

import json

from reconciler.domain.model import (
    InSync,
    Noise,
    Unmanaged,
)
from tests.integration.terraform.drifted import paths
from tests.world_stack import WorldStack


async def test_aliases_stay_apart_even_with_the_same_names(stack: WorldStack) -> None:
    here, there = stack.cloud, stack.cloud.with_name("there.json")
    providers = f"""
        provider "world" {{ world = "{here}" }}
        provider "world" {{
          alias = "there"
          world = "{there}"
        }}
        """
    stack.write(
        """
        resource "world_thing" "here" {
          count = 3
          name  = "same${count.index}"
        }
        resource "world_thing" "there" {
          provider = world.there
          count    = 3
          name     = "same${count.index}"
          place    = "there"
        }
        """,
        provider=providers,
    )
    stack.apply()
    content = json.loads(there.read_text())
    for thing in content["objects"].values():
        thing["enabled"] = thing["name"] == "same1"
    there.write_text(json.dumps(content))
    seen = await stack.scan()
    for index in range(3):
        assert seen[f"world_thing.here[{index}]"] == InSync()
        assert paths(seen[f"world_thing.there[{index}]"]) == ["enabled"]


async def test_two_clouds_that_look_alike_are_told_apart(stack: WorldStack) -> None:
    there = stack.cloud.with_name("there.json")
    code = """
        resource "world_thing" "here" { name = "same" }
        resource "world_thing" "there" {
          provider = world.there
          name     = "same"
        }
        """
    providers = f'{stack.provider}provider "world" {{\n alias = "there"\n world = "{there}"\n}}\n'
    stack.write(code, provider=providers)
    stack.apply()
    state = json.loads(stack.state.read_text())
    here_state, there_state = (resource["instances"][0] for resource in state["resources"])
    there_state["attributes"] = here_state["attributes"]
    stack.state.write_text(json.dumps(state))
    content = json.loads(stack.cloud.read_text())
    for thing in content["objects"].values():
        thing["enabled"] = True
    there.write_text(json.dumps(content))
    seen = await stack.scan()
    assert seen["world_thing.here"] == InSync()
    assert paths(seen["world_thing.there"]) == ["enabled"]


async def test_both_addresses_of_one_object_are_judged(stack: WorldStack) -> None:
    twins = _twins(stack, 'labels = { a = "1" }', 'labels = { a = "1" }')
    assert await stack.scan() == dict.fromkeys(twins, InSync())
    with stack.changed() as things:
        things["twin"]["labels"] = {"a": "2"}
    seen = await stack.scan()
    assert [paths(seen[twin]) for twin in twins] == [["labels.a"]] * 2


async def test_twins_with_configurations_of_their_own_get_their_own(stack: WorldStack) -> None:
    for _ in range(3):
        first, second = _twins(stack, "size = 3", "enabled = true")
        seen = await stack.scan()
        assert seen[first] == InSync()
        assert paths(seen[second]) == ["enabled"]
        with stack.changed() as things:
            things["twin"]["labels"] = {"a": "2"}
        seen = await stack.scan()
        assert paths(seen[first]) == ["labels"]
        assert paths(seen[second]) == ["enabled", "labels"]


def _twins(stack: WorldStack, first: str, second: str) -> tuple[str, str]:
    """Let two addresses own one object, which looks as the first one wants it."""
    stack.cloud.unlink(missing_ok=True)
    stack.state.unlink(missing_ok=True)
    one = 'resource "world_thing" "%s" {\n name = "twin"\n %s\n}\n'
    stack.apply(one % ("first", first))
    state = json.loads(stack.state.read_text())
    (resource,) = state["resources"]
    state["resources"].append({**resource, "name": "second"})
    state["serial"] += 1
    stack.state.write_text(json.dumps(state))
    stack.write(one % ("first", first) + one % ("second", second))
    return "world_thing.first", "world_thing.second"


async def test_a_deposed_object_is_told_beside_its_successor(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    state = json.loads(stack.state.read_text())
    (resource,) = state["resources"]
    (instance,) = resource["instances"]
    attributes = {**instance["attributes"], "id": "thing-old", "serial": "old"}
    resource["instances"].append({**instance, "deposed": "0badcafe", "attributes": attributes})
    stack.state.write_text(json.dumps(state))
    seen = await stack.scan()
    assert seen["world_thing.one"] == InSync()
    assert isinstance(seen["world_thing.one (0badcafe)"], Noise)
    with stack.changed() as things:
        things["old"] = {**things["one"], "id": "thing-old", "name": "old", "serial": "old"}
    assert (await stack.scan())["world_thing.one (0badcafe)"] == Unmanaged()


async def test_state_that_knows_more_than_the_schema_is_still_joined(stack: WorldStack) -> None:
    stack.apply(
        """
        resource "world_thing" "one" { name = "one" }
        resource "world_thing" "two" { name = "two" }
        """
    )
    state = json.loads(stack.state.read_text())
    for resource in state["resources"]:
        resource["instances"][0]["attributes"]["of_an_older_release"] = "x"
    stack.state.write_text(json.dumps(state))
    with stack.changed() as things:
        things["two"]["enabled"] = True
    seen = await stack.scan()
    assert seen["world_thing.one"] == InSync()
    assert paths(seen["world_thing.two"]) == ["enabled"]
