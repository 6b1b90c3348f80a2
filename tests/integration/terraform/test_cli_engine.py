"""The whole plan, read back: the fallback, held against the plugin engine."""

from __future__ import annotations

import shutil

import pytest

from iac_adapters.plugin_host.errors import PluginStartError
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import (
    Drifted,
    Engine,
    InSync,
    Missing,
    Origin,
    Unmanaged,
    Unreadable,
    Verdict,
)
from tests.providers.standing_provider import reattachment
from tests.world_stack import WorldStack, verdicts

CODE = """
resource "world_thing" "kept" { name = "kept" }
resource "world_thing" "gone" { name = "gone" }
resource "world_thing" "undeclared" { name = "undeclared" }
resource "world_thing" "changed" {
  name   = "changed"
  secret = "the-open-secret"
  labels = { team = "red" }
  zones  = ["a", "b"]
}
resource "world_thing" "replaced" {
  name  = "replaced"
  place = "here"
}
resource "terraform_data" "inner" { input = "x" }
"""


def _broken(stack: WorldStack) -> None:
    stack.apply(CODE)
    stack.write(
        CODE.replace('resource "world_thing" "undeclared" { name = "undeclared" }', "")
        + 'resource "world_thing" "created" { name = "created" }'
    )
    with stack.changed() as things:
        del things["gone"]
        things["changed"]["labels"] = {"team": "blue"}
        things["changed"]["zones"] = ["b", "c"]
        things["changed"]["secret"] = "another-secret"
        things["replaced"]["place"] = "there"


async def test_both_engines_say_the_same(stack: WorldStack) -> None:
    _broken(stack)
    plugin = await stack.scan()
    cli = await stack.scan(engine="cli")
    assert set(cli) == set(plugin)
    assert {a: type(v) for a, v in cli.items()} == {a: type(v) for a, v in plugin.items()}
    assert cli["world_thing.kept"] == InSync()
    assert cli["world_thing.gone"] == Missing()
    assert cli["world_thing.created"] == Missing(Origin.UNAPPLIED)
    assert cli["world_thing.undeclared"] == Unmanaged()
    for address in ("world_thing.changed", "world_thing.replaced"):
        ours, theirs = plugin[address], cli[address]
        assert isinstance(ours, Drifted)
        assert isinstance(theirs, Drifted)
        assert [c.path for c in theirs.changes] == [c.path for c in ours.changes]
        assert [c.origin for c in theirs.changes] == [c.origin for c in ours.changes]
        assert [c.sensitive for c in theirs.changes] == [c.sensitive for c in ours.changes]
        assert theirs.requires_replace == ours.requires_replace
        assert "secret" not in repr([c.live for c in theirs.changes])


FOLLOWED = """
resource "world_thing" "cause" { name = "cause" }
resource "world_thing" "gone" { name = "gone" }
resource "world_thing" "follower" {
  name   = "follower"
  labels = { serial = world_thing.cause.serial }
}
resource "world_thing" "mixed" {
  name   = "mixed"
  size   = 1
  labels = { serial = world_thing.cause.serial }
}
resource "world_thing" "edited" {
  name   = "edited"
  size   = SIZE
  labels = { serial = world_thing.cause.serial }
}
resource "world_thing" "orphan" {
  name   = "orphan"
  labels = { serial = world_thing.gone.serial }
}
resource "world_thing" "triggered" {
  name = "triggered"
  lifecycle { replace_triggered_by = [world_thing.mixed.size] }
}
resource "world_thing" "apart" {
  name   = "apart"
  size   = SIZE
  labels = { name = world_thing.cause.name }
}
"""


async def test_what_follows_from_drift_is_tied_to_it_by_both_engines(stack: WorldStack) -> None:
    stack.apply(FOLLOWED.replace("SIZE", "1"))
    stack.write(FOLLOWED.replace("SIZE", "2"))
    with stack.changed() as things:
        things["cause"]["serial"] = "another"
        things["mixed"]["size"] = 99
        del things["gone"]
    plugin = await stack.scan()
    stack.forget_calls()
    cli = await stack.scan(engine="cli")
    assert stack.calls("plan") == 2
    follows = {
        address: verdict.follows for address, verdict in cli.items() if isinstance(verdict, Drifted)
    }
    assert follows == {
        "world_thing.follower": "world_thing.cause",
        "world_thing.mixed": None,
        "world_thing.edited": None,
        "world_thing.orphan": "world_thing.gone",
        "world_thing.triggered": "world_thing.mixed",
        "world_thing.apart": None,
    }
    assert {a: _told(v) for a, v in cli.items()} == {a: _told(v) for a, v in plugin.items()}


def _told(verdict: Verdict) -> object:
    if not isinstance(verdict, Drifted):
        return type(verdict)
    changes = [(one.path, one.origin) for one in verdict.changes]
    return changes, verdict.requires_replace, verdict.reason, verdict.follows


async def test_a_plan_that_failed_says_nothing_about_anything(stack: WorldStack) -> None:
    stack.apply(CODE)
    stack.turn(kept="deny")
    seen = await stack.scan(engine="cli")
    reasons = [verdict.reason for verdict in seen.values() if isinstance(verdict, Unreadable)]
    assert len(reasons) == len(seen)
    assert all("AccessDenied" in reason for reason in reasons)


async def test_a_failed_plan_of_a_stack_without_objects_is_an_error(stack: WorldStack) -> None:
    stack.write(
        """
        import {
          to = world_thing.none
          id = "thing-none"
        }
        resource "world_thing" "none" { name = "none" }
        """
    )
    with pytest.raises(PermanentError, match="non-existent remote object"):
        await stack.scan(engine="cli")


async def test_both_engines_say_the_same_of_what_moved_and_is_tainted(stack: WorldStack) -> None:
    things = """
        resource "world_thing" "NAME" {
          name = "moved"
          size = 4
        }
        resource "world_thing" "tainted" {
          name = "tainted"
          size = 4
        }
        resource "world_thing" "unmoved" { name = "unmoved" }
        resource "world_thing" "gone" { name = "gone" }
    """
    stack.apply(things.replace("NAME", "old"))
    stack.run("taint", "world_thing.tainted")
    stack.run("taint", "world_thing.unmoved")
    stack.write(
        things.replace("NAME", "new")
        + """
        moved {
          from = world_thing.old
          to   = world_thing.new
        }
        """
    )
    with stack.changed() as objects:
        objects["moved"]["size"] = objects["tainted"]["size"] = 9
        del objects["gone"]
    plugin = await stack.scan()
    cli = await stack.scan(engine="cli")
    assert {a: _told(v) for a, v in cli.items()} == {a: _told(v) for a, v in plugin.items()}
    for address in ("world_thing.old", "world_thing.tainted"):
        drifted = plugin[address]
        assert isinstance(drifted, Drifted)
        assert [(one.path, one.origin) for one in drifted.changes] == [("size", Origin.OUT_OF_BAND)]
    unmoved = plugin["world_thing.unmoved"]
    assert isinstance(unmoved, Drifted)
    assert (unmoved.changes, unmoved.requires_replace, unmoved.origin) == ((), True, None)


async def test_a_plugin_that_is_not_installed_is_no_hindrance_to_a_whole_plan(
    stack: WorldStack,
) -> None:
    """Row V10: `auto` falls back; the tool has the provider that a variable attaches it to."""
    stack.apply('resource "world_thing" "one" { name = "one" }')
    shutil.rmtree(stack.directory / ".terraform" / "providers")
    with stack.changed() as things:
        things["one"]["enabled"] = True
    attached = {"TF_REATTACH_PROVIDERS": reattachment()}
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference(engine="auto", environment=attached))
        assert snapshot.obtained_by is Engine.CLI
        (warning,) = snapshot.warnings
        assert warning.startswith("fell back to a whole plan: ")
        assert "is locked but not installed" in warning
        seen = await verdicts(adapter, snapshot)
        with pytest.raises(PluginStartError, match="is locked but not installed"):
            await adapter.load(stack.reference(engine="plugin", environment=attached))
        # Without it the tool makes no plan either, and the remedy is named.
        with pytest.raises(PluginStartError) as refused:
            await adapter.load(stack.reference(engine="auto"))
    verdict = seen["world_thing.one"]
    assert isinstance(verdict, Drifted)
    assert [change.path for change in verdict.changes] == ["enabled"]
    assert "init" in str(refused.value.remedy)
