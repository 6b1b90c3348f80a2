"""Recording the plan of real stacks: every special thing a plan can hold."""

from __future__ import annotations

from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    Origin,
    Unmanaged,
    Unreadable,
)
from tests.integration.terraform.drifted import paths
from tests.world_stack import WorldStack, verdicts


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
    for name in ("world_thing.old", "world_thing.forgotten"):
        assert paths(seen[name]) == []
    del seen["world_thing.old"]
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


async def test_what_waits_for_another_change_is_not_applied_either(stack: WorldStack) -> None:
    """Rows T6 and T21."""
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
    assert paths(fed) == ["labels.source", "secret"]
    assert isinstance(fed, Drifted)
    assert {change.origin for change in fed.changes} == {Origin.UNAPPLIED}
    with stack.changed() as things:
        things["fed"]["labels"]["fixed"] = "2"
    fed = (await stack.scan())["world_thing.fed"]
    assert isinstance(fed, Drifted)
    assert {change.path: change.origin for change in fed.changes} == {
        "labels.fixed": Origin.OUT_OF_BAND,
        "labels.source": Origin.UNAPPLIED,
        "secret": Origin.UNAPPLIED,
    }


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
        recording = adapter._assembly._recordings.load(digest)
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
    user = seen["world_thing.user"]
    assert isinstance(user, Drifted)
    assert paths(user) == ["labels.of"]
    assert user.changes[0].origin is Origin.UNAPPLIED
