"""Recording the plan of real stacks: every special thing a plan can hold."""

from __future__ import annotations

import json

from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    Origin,
    Unmanaged,
    Unreadable,
    Verdict,
)
from tests.world_stack import WorldStack, verdicts


def paths(verdict: Verdict) -> list[str]:
    assert isinstance(verdict, Drifted), verdict
    return [change.path for change in verdict.changes]


async def test_untouched_is_in_sync_and_changed_is_drifted(stack: WorldStack) -> None:
    stack.apply(
        """
        resource "world_thing" "many" {
          count  = 2
          name   = "many${count.index}"
          labels = { team = "red" }
        }
        resource "world_thing" "each" {
          for_each = toset(["a", "b c"])
          name     = "each ${each.key}"
        }
        """
    )
    with stack.changed() as things:
        things["many1"]["labels"] = {"team": "blue"}
        del things["each a"]
    seen = await stack.scan()
    assert seen == {
        "world_thing.many[0]": InSync(),
        "world_thing.many[1]": seen["world_thing.many[1]"],
        'world_thing.each["a"]': Missing(),
        'world_thing.each["b c"]': InSync(),
    }
    assert paths(seen["world_thing.many[1]"]) == ["labels.team"]


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


async def test_tainted_is_to_be_replaced(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    stack.run("taint", "world_thing.one")
    verdict = (await stack.scan())["world_thing.one"]
    assert isinstance(verdict, Drifted)
    assert verdict.requires_replace
    assert verdict.reason is not None
    with stack.changed() as things:
        things.clear()
    assert (await stack.scan())["world_thing.one"] == Missing()


async def test_moved_forgotten_imported_created_and_deleted(stack: WorldStack) -> None:
    stack.apply(
        """
        resource "world_thing" "old" { name = "moved" }
        resource "world_thing" "forgotten" { name = "forgotten" }
        resource "world_thing" "undeclared" { name = "undeclared" }
        resource "world_thing" "replaced" {
          name  = "replaced"
          place = "here"
        }
        """
    )
    stack.write(
        """
        moved {
          from = world_thing.old
          to   = world_thing.new
        }
        resource "world_thing" "new" { name = "moved" }
        removed {
          from = world_thing.forgotten
          lifecycle { destroy = false }
        }
        resource "world_thing" "created" { name = "created" }
        resource "world_thing" "replaced" {
          name  = "replaced"
          place = "there"
        }
        """
    )
    seen = await stack.scan()
    assert seen.pop("world_thing.old") == InSync()
    assert isinstance(seen["world_thing.forgotten"], Noise)
    assert seen["world_thing.undeclared"] == Unmanaged()
    assert seen["world_thing.created"] == Missing(Origin.UNAPPLIED)
    replaced = seen["world_thing.replaced"]
    assert isinstance(replaced, Drifted)
    assert replaced.requires_replace
    assert [(c.path, c.origin, c.forces_replacement) for c in replaced.changes] == [
        ("place", Origin.UNAPPLIED, True)
    ]
    assert len(seen) == 4
    with stack.changed() as things:
        things["moved"]["enabled"] = True
        del things["undeclared"]
    seen = await stack.scan()
    assert paths(seen["world_thing.old"]) == ["enabled"]
    assert isinstance(seen["world_thing.undeclared"], Noise)


async def test_what_prevents_its_own_replacement_is_still_judged(stack: WorldStack) -> None:
    code = """
        resource "world_thing" "kept" {
          name  = "kept"
          place = "%s"
          lifecycle { prevent_destroy = true }
        }
        resource "world_thing" "other" { name = "other" }
        """
    stack.apply(code % "here")
    stack.write(code % "there")
    with stack.changed() as things:
        things["other"]["enabled"] = True
    seen = await stack.scan()
    assert paths(seen["world_thing.kept"]) == ["place"]
    assert paths(seen["world_thing.other"]) == ["enabled"]


async def test_what_waits_for_another_change_is_no_drift_of_its_own(stack: WorldStack) -> None:
    code = """
        resource "world_thing" "source" {
          name  = "source"
          place = "%s"
        }
        resource "world_thing" "fed" {
          name   = "fed"
          secret = world_thing.source.serial
          labels = { source = world_thing.source.id, fixed = "1" }
        }
        """
    stack.apply(code % "here")
    stack.write(code % "there")
    seen = await stack.scan()
    assert paths(seen["world_thing.source"]) == ["place"]
    fed = seen["world_thing.fed"]
    assert isinstance(fed, Noise), fed
    assert {item.path for item in fed.items} >= {"secret", "labels.source"}
    with stack.changed() as things:
        things["fed"]["labels"]["fixed"] = "2"
    assert paths((await stack.scan())["world_thing.fed"]) == ["labels.fixed"]


async def test_no_write_only_value_nor_secret_is_kept_in_clear(stack: WorldStack) -> None:
    stack.apply(
        """
        resource "world_thing" "one" {
          name        = "one"
          secret      = "the-open-secret"
          password_wo = "never-to-be-stored"
        }
        """
    )
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        with stack.changed() as things:
            things["one"]["enabled"] = True
            things["one"]["secret"] = "changed-secret"
        seen = (await verdicts(adapter, snapshot))["world_thing.one"]
        assert paths(seen) == ["enabled", "secret"]
        assert "secret" not in repr(seen).replace("'secret'", "")
        digest = snapshot.revision
        recording = adapter._recordings.load(digest)
        assert recording is not None
        instance = recording.instances["world_thing.one"]
        for config in (instance.config, *instance.validated, instance.upgraded):
            assert b"never-to-be-stored" not in (config or b"")
    files = [file for file in stack.cache.rglob("*") if file.is_file()]
    assert any(file.suffix == ".recording" for file in files)
    for file in files:
        content = file.read_bytes()
        assert b"the-open-secret" not in content, file
        assert b"never-to-be-stored" not in content, file
        assert b"world_thing.one" not in content, file


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


async def test_a_provider_that_waits_for_a_resource_makes_its_resources_unreadable(
    stack: WorldStack,
) -> None:
    providers = (
        stack.provider
        + """
        provider "world" {
          alias = "late"
          world = "%s"
          token = %s
        }
        """
    )
    late = stack.cloud.with_name("late.json")
    code = """
        resource "world_thing" "source" { name = "source" }
        resource "world_thing" "one" {
          provider = world.late
          name     = "one"
        }
        """
    stack.write(code, provider=providers % (late, '"a"'))
    stack.apply()
    stack.write(
        code + 'resource "terraform_data" "later" {}',
        provider=providers % (late, "terraform_data.later.id"),
    )
    seen = await stack.scan()
    assert seen["world_thing.source"] == InSync()
    verdict = seen["world_thing.one"]
    assert isinstance(verdict, Unreadable)
    assert "not known" in verdict.reason


async def test_only_configured_connections_start_a_provider(stack: WorldStack) -> None:
    stack.apply('resource "world_thing" "one" { name = "one" }')
    async with stack.adapter() as adapter:
        await adapter.load(stack.reference())  # the schema is known from here on
        started = adapter._pool._slots
        assert len([slot for slot in started.values() if slot.process is not None]) == 1


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


async def test_a_pending_replacement_is_told_with_the_drift_beside_it(stack: WorldStack) -> None:
    code = """
        resource "world_thing" "one" {
          name  = "one"
          place = "%s"
          lifecycle { create_before_destroy = true }
        }
        resource "world_thing" "user" {
          name   = "user"
          labels = { of = world_thing.one.id }
        }
        """
    stack.apply(code % "here")
    stack.write(code % "there")
    with stack.changed() as things:
        things["one"]["enabled"] = True
    seen = await stack.scan()
    assert set(paths(seen["world_thing.one"])) == {"enabled", "place"}
    assert isinstance(seen["world_thing.user"], Noise)
