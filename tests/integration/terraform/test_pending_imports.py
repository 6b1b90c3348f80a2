"""Imports that the code asks for and nobody applied (row T5)."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from iac_adapters.terraform.adapter import TerraformAdapter
from reconciler.domain.model import Drifted, InSync, Origin, Unreadable, Verdict
from tests.providers.world_provider import World
from tests.world_stack import WorldStack, verdicts

from .drifted import paths

_KEEP = 'resource "world_thing" "keep" { name = "keep" }\n'


def _drifted(verdict: Verdict) -> Drifted:
    assert isinstance(verdict, Drifted), verdict
    return verdict


def _hand_made(stack: WorldStack, **things: Mapping[str, object]) -> None:
    """Make objects in the cloud that no state holds; their ids are `thing-NAME`."""
    with World(stack.cloud).changed() as content:
        for name, attributes in things.items():
            made = {"id": f"thing-{name}", "name": name, "size": 3, "serial": "s", **attributes}
            content["objects"][made["id"]] = made


def _import(name: str, *, more: str = "", identifier: str | None = None) -> str:
    return f"""
    resource "world_thing" "{name}" {{
      name = "{name}"
      {more}
    }}
    import {{
      to = world_thing.{name}
      id = "{identifier or f"thing-{name}"}"
    }}
    """


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_an_import_that_waits_is_shown_with_what_it_would_change(
    stack: WorldStack, engine: str
) -> None:
    stack.apply(_KEEP)
    _hand_made(stack, alike={}, larger={}, elsewhere={})
    stack.write(
        _KEEP + _import("alike") + _import("larger", more="size = 4")
        + _import("elsewhere", more='place = "there"')
    )  # fmt: skip
    seen = await stack.scan(engine=engine)
    assert seen.pop("world_thing.keep") == InSync()
    found = {name: _drifted(verdict) for name, verdict in seen.items()}
    assert {name: paths(verdict) for name, verdict in found.items()} == {
        "world_thing.alike": [],
        "world_thing.larger": ["size"],
        "world_thing.elsewhere": ["place"],
    }
    for name, verdict in found.items():
        assert "imports it by the id thing-" in (verdict.reason or "")
        assert "main.tf:" in (verdict.reason or "")
        assert verdict.requires_replace == (name == "world_thing.elsewhere")
        assert {change.origin for change in verdict.changes} <= {Origin.UNAPPLIED}
    stack.apply()
    assert set((await stack.scan(engine=engine)).values()) == {InSync()}


async def test_an_import_is_read_at_each_scan(stack: WorldStack) -> None:
    stack.apply(_KEEP)
    _hand_made(stack, alike={})
    stack.write(_KEEP + _import("alike"))
    async with stack.adapter() as adapter:
        assert paths((await _once(adapter, stack))["world_thing.alike"]) == []
        with stack.changed() as things:
            things["alike"]["enabled"] = True
        again = _drifted((await _once(adapter, stack))["world_thing.alike"])
        assert [(c.path, c.origin) for c in again.changes] == [("enabled", Origin.UNAPPLIED)]
        with stack.changed() as things:
            del things["alike"]
        gone = (await _once(adapter, stack))["world_thing.alike"]
        assert gone == Unreadable("the object that the code imports does not exist")


@pytest.mark.parametrize("identifier", ["thing-nowhere", "unfit"])
async def test_an_import_that_fails_hides_nothing_else(stack: WorldStack, identifier: str) -> None:
    stack.apply(_KEEP)
    with stack.changed() as things:
        things["keep"]["enabled"] = True
    stack.write(_KEEP + _import("lost", identifier=identifier))
    seen = await stack.scan()
    assert paths(seen["world_thing.keep"]) == ["enabled"]
    lost = seen["world_thing.lost"]
    assert isinstance(lost, Unreadable)
    assert f"cannot be imported by the id {identifier}" in lost.reason


async def _once(adapter: TerraformAdapter, stack: WorldStack) -> dict[str, Verdict]:
    return await verdicts(adapter, await adapter.load(stack.reference()))
