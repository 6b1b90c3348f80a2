"""A correction is planned with the providers that run already, as the tool plans it by itself."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import psutil
import pytest

from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.correction import PLAN_FILE
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.served_providers import LendProvider
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import ResourceAddress
from reconciler.ports import Done
from tests.integration.correcting import Corrector
from tests.integration.terraform.correcting import corrector
from tests.patience import until
from tests.world_stack import WorldStack

CODE = """
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "red" }
}
resource "world_thing" "leaf" {
  name  = "leaf"
  place = world_thing.web.id
}
"""
_OF_ITS_OWN = ("timestamp",)


def _paint(stack: WorldStack, name: str, **labels: str) -> None:
    with stack.changed() as things:
        things[name]["labels"] = labels


def _labels(stack: WorldStack) -> dict[str, Any]:
    with stack.changed() as things:
        return {name: thing.get("labels") for name, thing in things.items()}


def _shown(stack: WorldStack, file: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(stack.run("show", "-json", str(file)))
    return {key: value for key, value in document.items() if key not in _OF_ITS_OWN}


def _running(ours: Corrector) -> list[int]:
    assert isinstance(ours.adapter, TerraformAdapter)
    slots = ours.adapter._pool._slots.values()
    return [slot.process.process.pid for slot in slots if slot.process is not None]


async def test_it_is_the_plan_that_the_tool_makes_by_itself(
    stack: WorldStack, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started = []
    start = Assembly.start

    async def noted(self: Assembly, context: Context, source: str) -> Provider:
        started.append(source)
        return await start(self, context, source)

    monkeypatch.setattr(Assembly, "start", noted)
    stack.apply(CODE)
    _paint(stack, "web", team="blue")
    async with corrector(stack) as ours:
        await ours.scan()
        before = _running(ours)
        stack.forget_calls()
        snapshot, _ = await ours.plan("world_thing.web")
        assert stack.calls("plan") == 1
        assert started == []
        assert _running(ours) == before
        alone = tmp_path / "alone"
        stack.run("plan", "-input=false", "-target=world_thing.web", f"-out={alone}")
        assert _shown(stack, ours.run_folder() / PLAN_FILE) == _shown(stack, alone)

        assert await ours.apply(snapshot) == Done("1 changed")
        assert _labels(stack)["web"] == {"team": "red"}
        assert (await ours.scan()).findings == ()


async def test_a_type_that_came_meanwhile_is_planned_by_the_tool_alone(stack: WorldStack) -> None:
    stack.apply(CODE)
    _paint(stack, "web", team="blue")
    async with corrector(stack) as ours:
        await ours.scan()
        snapshot = await ours.adapter.load(ours.reference)
        stack.write(CODE + 'data "world_count" "all" {}\n')
        stack.forget_calls()
        ours.run_folder().mkdir(mode=0o700)
        await ours.adapter.plan(
            snapshot, [ResourceAddress("world_thing.web")], folder=ours.run_folder()
        )
        assert stack.calls("plan") == 2
        assert await ours.apply(snapshot) == Done("1 changed")
    assert _labels(stack)["web"] == {"team": "red"}


async def test_a_provider_that_died_since_the_scan_is_started_anew(stack: WorldStack) -> None:
    stack.apply(CODE)
    _paint(stack, "web", team="blue")
    async with corrector(stack) as ours:
        await ours.scan()
        for pid in _running(ours):
            psutil.Process(pid).kill()
        assert await ours.correct("world_thing.web") == Done("1 changed")
    assert _labels(stack)["web"] == {"team": "red"}


async def test_a_plan_that_is_given_up_leaves_no_lock(stack: WorldStack) -> None:
    """A provider that does not answer keeps the tool from ending, and the state locked."""
    lock = stack.directory / ".terraform.tfstate.lock.info"
    stack.apply(CODE)
    _paint(stack, "web", team="blue")
    async with corrector(stack) as ours:
        await ours.scan()
        stack.turn(web="hang")
        planning = asyncio.create_task(ours.plan("world_thing.web"))
        await until(lambda: lock.exists() and stack.hangs)
        planning.cancel()
        with pytest.raises(asyncio.CancelledError):
            await planning
        assert not lock.exists()
        stack.turn(web=None)
        assert await ours.correct("world_thing.web", name="again") == Done("1 changed")


async def test_where_no_provider_can_be_lent_the_tool_says_why(
    stack: WorldStack, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def none(_source: str, _request: bytes) -> Provider:
        raise ProviderError("it was refused before")

    async def lender(_self: Assembly, _context: Context, _recording: object) -> LendProvider:
        return none

    monkeypatch.setattr(Assembly, "lender", lender)
    stack.apply(CODE)
    _paint(stack, "web", team="blue")
    async with corrector(stack) as ours:
        await ours.scan()
        assert await ours.correct("world_thing.web") == Done("1 changed")
        _paint(stack, "web", team="blue")
        stack.turn(web="deny")
        with pytest.raises(ReconcilerError) as refused:
            await ours.plan("world_thing.web", name="denied")
    assert "ProviderError" not in str(refused.value)
    assert "web" in str(refused.value)
