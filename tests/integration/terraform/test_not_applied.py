"""What the tool's own plan would do, and nobody applied: it is never in sync."""

from __future__ import annotations

import json
from unittest.mock import ANY

import pytest

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.domain.model import (
    Change,
    Drifted,
    InSync,
    Missing,
    NotApplicable,
    Origin,
    Snapshot,
    Unmanaged,
    Verdict,
)
from reconciler.domain.paths import AttributePath
from reconciler.domain.values import UNKNOWN
from reconciler.engine.scan import Scanning, scan_stack
from tests.integration.terraform.tools import EACH_ENGINE, ENGINES
from tests.providers.world_provider import World
from tests.world_stack import KEY, WorldStack, verdicts

_KEEP = 'resource "world_thing" "keep" { name = "keep" }\n'


def _drifted(verdict: Verdict) -> Drifted:
    assert isinstance(verdict, Drifted), verdict
    return verdict


def _planned(stack: WorldStack) -> dict[str, str]:
    """Return what the tool's own plan would do, by the addresses of the code."""
    stack.run("plan", "-input=false", "-out=p")
    document = json.loads(stack.run("show", "-json", "p"))
    (stack.directory / "p").unlink()
    return {
        one["address"]: "+".join(one["change"]["actions"])
        for one in document.get("resource_changes", ())
    }


_FED = """
resource "world_thing" "fed" {
  name  = "fed"
  place = %s
}
"""


async def test_a_value_of_a_resource_that_is_not_made_yet_replaces(stack: WorldStack) -> None:
    """Rows T6 and T21."""
    stack.apply(_FED % '"here"')
    stack.write(_FED % "world_thing.new.id" + 'resource "world_thing" "new" { name = "new" }')
    assert _planned(stack)["world_thing.fed"] == "delete+create"
    seen = await stack.scan()
    assert seen["world_thing.new"] == Missing(Origin.UNAPPLIED)
    fed = _drifted(seen["world_thing.fed"])
    assert fed.requires_replace
    assert [(c.path, c.origin, c.forces_replacement) for c in fed.changes] == [
        ("place", Origin.UNAPPLIED, True)
    ]
    with stack.changed() as things:
        things["fed"]["place"] = "moved by hand"
    fed = _drifted((await stack.scan())["world_thing.fed"])
    assert [(c.path, c.origin) for c in fed.changes] == [("place", Origin.BOTH)]


async def test_a_timestamp_replaces_at_each_plan_and_is_the_same_finding_each_time(
    stack: WorldStack,
) -> None:
    """Row T17."""
    code = _FED % "timestamp()" + _KEEP
    stack.apply(code)
    first = await stack.scan()
    assert first["world_thing.keep"] == InSync()
    fed = _drifted(first["world_thing.fed"])
    assert fed.requires_replace
    assert [(change.path, change.declared, change.origin) for change in fed.changes] == [
        ("place", UNKNOWN, Origin.UNAPPLIED)
    ]
    assert (await stack.scan())["world_thing.fed"] == fed


_TRIGGERED = """
resource "world_thing" "a" {
  count   = 2
  name    = "a${count.index}"
  enabled = %s
}
resource "world_thing" "own" {
  count = 2
  name  = "own${count.index}"
  lifecycle { replace_triggered_by = [world_thing.a[count.index].enabled] }
}
resource "world_thing" "name" {
  name = "name"
  lifecycle { replace_triggered_by = [world_thing.a[0].name] }
}
resource "terraform_data" "built_in" {
  lifecycle { replace_triggered_by = [world_thing.a] }
}
resource "world_thing" "next" {
  name = "next"
  lifecycle { replace_triggered_by = [terraform_data.built_in] }
}
"""
_SET_OFF = {"world_thing.own[0]", "terraform_data.built_in", "world_thing.next"}


async def test_drift_that_sets_off_a_replacement_is_shown_where_it_ends(stack: WorldStack) -> None:
    """Row T7."""
    stack.apply(_TRIGGERED % "true")
    assert {type(one) for one in (await stack.scan()).values()} == {InSync, NotApplicable}
    with stack.changed() as things:
        things["a0"]["enabled"] = False
    replaced = {k for k, v in _planned(stack).items() if v == "delete+create"}
    assert replaced == _SET_OFF
    seen = await stack.scan()
    found = {k: v for k, v in seen.items() if isinstance(v, Drifted) and v.requires_replace}
    assert found.keys() == replaced
    changes = [change for one in found.values() for change in one.changes]
    assert {change.origin for change in changes} == {Origin.OUT_OF_BAND}
    own = found["world_thing.own[0]"]
    assert own.follows == "world_thing.a[0]"
    assert "follows world_thing.a[0]" in str(own.reason)
    assert seen["world_thing.own[1]"] == seen["world_thing.name"] == InSync()
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        alone = await verdicts(adapter, snapshot, "world_thing.next")
    assert alone == {"world_thing.next": found["world_thing.next"]}


async def test_what_was_deleted_sets_nothing_off(stack: WorldStack) -> None:
    stack.apply(_TRIGGERED % "true")
    with stack.changed() as things:
        del things["a0"]
    assert "delete+create" not in _planned(stack).values()
    seen = await stack.scan()
    assert seen["world_thing.a[0]"] == Missing()
    assert not any(isinstance(verdict, Drifted) for verdict in seen.values())


@ENGINES
async def test_code_that_sets_off_a_replacement_is_shown_where_it_ends(
    stack: WorldStack, engine: str
) -> None:
    """Row T7."""
    stack.apply(_TRIGGERED % "true")
    stack.write(_TRIGGERED % "false")
    replaced = {k for k, v in _planned(stack).items() if v == "delete+create"}
    assert replaced == _SET_OFF | {"world_thing.own[1]"}
    seen = await stack.scan(engine=engine)
    found = {k for k, v in seen.items() if isinstance(v, Drifted) and v.requires_replace}
    assert found == replaced


@EACH_ENGINE
async def test_what_the_code_moves_and_takes_out_is_shown_with_its_line(
    stack: WorldStack, engine: str
) -> None:
    """Row T26."""
    stack.apply(
        _KEEP
        + """
        resource "world_thing" "old" { name = "old" }
        resource "world_thing" "other" { name = "other" }
        resource "world_thing" "destroyed" { name = "destroyed" }
        resource "world_thing" "forgotten" { name = "forgotten" }
        """
    )
    stack.write(
        _KEEP
        + """
        moved {
          from = world_thing.old
          to   = world_thing.new
        }
        resource "world_thing" "new" { name = "old" }
        removed {
          from = world_thing.destroyed
          lifecycle { destroy = true }
        }
        removed {
          from = world_thing.forgotten
          lifecycle { destroy = false }
        }
        resource "world_thing" "other" { name = "other" }
        """
    )
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference(engine=engine))
        seen = await verdicts(adapter, snapshot)
        for name in ("world_thing.new", "world_thing.old"):  # either names it
            scanning = Scanning(adapter, SystemClock(), judging(KEY))
            reference = stack.reference(engine=engine)
            alone = await scan_stack(reference, scanning=scanning, addresses=[name])
            assert [finding.address for finding in alone.findings] == ["world_thing.old"]
    text = (stack.directory / "main.tf").read_text().splitlines()
    assert seen["world_thing.keep"] == seen["world_thing.other"] == InSync()
    moved = _drifted(seen["world_thing.old"])
    line = 1 + next(i for i, one in enumerate(text) if "moved {" in one)
    assert moved.origin is Origin.UNAPPLIED
    assert moved.reason is not None
    assert moved.reason.startswith(f"the code moves it to world_thing.new (main.tf:{line})")
    assert moved.readdressed
    forgotten = _drifted(seen["world_thing.forgotten"])
    assert not forgotten.readdressed
    assert "without destroying it (main.tf:" in str(forgotten.reason)
    assert seen["world_thing.destroyed"] == Unmanaged()
    line = 1 + next(i for i, one in enumerate(text) if "removed {" in one)
    assert _line(snapshot, "world_thing.destroyed") == line


@EACH_ENGINE
async def test_what_is_taken_out_of_the_state_and_gone_is_seen_as_the_tool_sees_it(
    stack: WorldStack, engine: str
) -> None:
    gone = 'resource "world_thing" "%s" { name = "%s" }\n'
    stack.apply(_KEEP + gone % ("gone", "gone") + gone % ("old", "moved"))
    stack.write(
        _KEEP
        + gone % ("new", "moved")
        + """
        moved {
          from = world_thing.old
          to   = world_thing.new
        }
        removed {
          from = world_thing.gone
          lifecycle { destroy = false }
        }
        """
    )
    with stack.changed() as things:
        del things["gone"], things["moved"]
    planned = _planned(stack)
    seen = await stack.scan(engine=engine)
    # OpenTofu reads it once more and finds nothing to do; Terraform does not look.
    shown = {address for address, verdict in seen.items() if isinstance(verdict, Drifted)}
    assert shown == planned.keys() - {"world_thing.keep", "world_thing.new"}
    assert seen["world_thing.keep"] == InSync()
    # One object, and one finding: it goes by the name that the state has.
    assert planned["world_thing.new"] == "create"
    assert seen["world_thing.old"] == Missing()
    assert "world_thing.new" not in seen


def _line(snapshot: Snapshot, address: str) -> int | None:
    (found,) = (resource for resource in snapshot.resources if resource.address == address)
    return found.source.line if found.source is not None else None


@ENGINES
async def test_an_output_that_only_the_code_changed_is_shown(
    stack: WorldStack, engine: str
) -> None:
    """Row T27."""
    stack.apply(_KEEP + 'output "o" { value = "1" }\noutput "gone" { value = 1 }')
    stack.write(
        _KEEP
        + """
        output "o" { value = "2" }
        output "secret" {
          value     = "not-to-be-seen"
          sensitive = true
        }
        output "late" { value = world_thing.new.id }
        resource "world_thing" "new" { name = "new" }
        """
    )
    seen = await stack.scan(engine=engine)
    assert seen.pop("world_thing.keep") == InSync()
    assert seen.pop("world_thing.new") == Missing(Origin.UNAPPLIED)
    assert seen.keys() == {"output.o", "output.secret", "output.gone"}
    (change,) = _drifted(seen["output.o"]).changes
    assert (change.declared, change.recorded, change.origin) == ("2", "1", Origin.UNAPPLIED)
    (change,) = _drifted(seen["output.secret"]).changes
    assert change.sensitive
    assert "not-to-be-seen" not in repr(seen)


@ENGINES
async def test_a_value_that_became_secret_is_shown_and_told_to_nobody(
    stack: WorldStack, engine: str
) -> None:
    """Row T4."""
    code = (
        """
    variable "place" {
      default = "hidden-from-now-on"
      %s
    }
    """
        + _FED % "var.place"
    )
    stack.apply(code % "")
    stack.write(code % "sensitive = true")
    assert _planned(stack)["world_thing.fed"] == "update"
    seen = await stack.scan(engine=engine)
    fed = _drifted(seen["world_thing.fed"])
    assert fed.reason is not None
    assert fed.origin is Origin.UNAPPLIED
    assert "hidden-from-now-on" not in repr(seen)


@ENGINES
async def test_a_write_only_version_raised_beside_drift_shows_all_that_the_plan_has(
    stack: WorldStack, engine: str
) -> None:
    """Row T22."""
    code = """
    resource "world_thing" "one" {
      name             = "one"
      enabled          = true
      password_wo      = "never-recorded"
      password_version = %d
    }
    """
    stack.apply(code % 1 + _KEEP)
    stack.write(code % 2 + _KEEP)
    with stack.changed() as things:
        things["one"]["enabled"] = False
        del things["keep"]
    seen = await stack.scan(engine=engine)
    assert seen["world_thing.keep"] == Missing()
    one = _drifted(seen["world_thing.one"])
    assert {change.path: change.origin for change in one.changes} == {
        "enabled": Origin.OUT_OF_BAND,
        "password_version": Origin.UNAPPLIED,
    }
    assert [change.path for change in one.consequences] == ["serial"]


@ENGINES
async def test_what_a_scan_fails_to_show_is_reported_by_the_scan_itself(
    stack: WorldStack, engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A defect of ours is played: the move that waits is left out of the verdict."""
    stack.apply(_KEEP)
    stack.write(
        'resource "world_thing" "new" { name = "keep" }\n'
        "moved {\n  from = world_thing.keep\n  to   = world_thing.new\n}\n"
    )
    for module in ("observation", "observation_by_plan"):
        place = f"iac_adapters.terraform.{module}.with_rearrangement"
        monkeypatch.setattr(place, lambda verdict, _resource: verdict)
    async with stack.adapter() as adapter:
        scanning = Scanning(adapter, SystemClock(), judging(KEY))
        reference = stack.reference(engine=engine)
        report = await scan_stack(reference, scanning=scanning)
        again = await scan_stack(reference, scanning=scanning, addresses=["world_thing.new"])
    for one in (report, again):
        assert [f"{f.address} {f.origin}" for f in one.findings] == ["world_thing.keep unapplied"]
        (warning,) = one.warnings
        assert warning.startswith("world_thing.new: the plan would move it")
        assert "defect of trueup" in warning


@ENGINES
async def test_a_key_of_a_map_that_is_null_is_shown_as_the_tool_plans_it(
    stack: WorldStack, engine: str
) -> None:
    """Core takes an absent key and one that is null for two values."""
    code = 'resource "world_thing" "a" {\n  name = "a"\n  labels = { x = "1"%s }\n}\n'
    stack.apply(code % "")
    stack.write(code % ", y = null")
    assert _planned(stack) == {"world_thing.a": "update"}
    found = _drifted((await stack.scan(engine=engine))["world_thing.a"])
    assert {(change.path, change.origin) for change in found.changes} == {
        ("labels", Origin.UNAPPLIED)
    }


async def test_what_is_gone_while_the_code_reorders_a_list_waits_for_a_person(
    stack: WorldStack,
) -> None:
    """Row T2: what would be created is not what was recorded."""
    code = 'resource "world_thing" "a" {\n  name = "a"\n  steps = [%s]\n}\n'
    stack.apply(code % '"x", "y"')
    stack.write(code % '"y", "x"')
    assert (await stack.scan())["world_thing.a"] == Drifted(
        changes=(
            Change(
                path=AttributePath("steps"),
                declared=["y", "x"],
                recorded=["x", "y"],
                live=["x", "y"],
                origin=Origin.UNAPPLIED,
            ),
        ),
        consequences=ANY,
    )
    with World(stack.cloud).changed() as content:
        content["objects"].clear()
    assert (await stack.scan())["world_thing.a"] == Missing(Origin.BOTH)
