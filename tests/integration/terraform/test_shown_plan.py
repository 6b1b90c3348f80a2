"""A plan shown with the schemas that are known says what the tool says by itself."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from iac_adapters.terraform import planning
from iac_adapters.terraform.command import ToolRun
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.shown_plan import RunTool, show_plan
from tests.integration.terraform.correcting import corrector
from tests.world_stack import WorldStack

CODE = """
variable "word" {
  sensitive = true
  default   = "quiet"
}
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "red", word = var.word }
  zones  = ["a", "b"]
}
resource "world_thing" "leaf" {
  name  = "leaf"
  place = world_thing.web.id
}
output "place" { value = world_thing.leaf.place }
"""


@dataclass(slots=True)
class Witness:
    """Shows each plan both ways, and keeps what each said."""

    types: Collection[str] | None = None
    told: list[tuple[Any, Any]] = field(default_factory=list)

    async def show(
        self,
        run: RunTool,
        file: Path,
        *,
        schemas: Mapping[str, ProviderSchema],
        types: Collection[str],
    ) -> ToolRun:
        known = types if self.types is None else self.types
        shown = await show_plan(run, file, schemas=schemas, types=known)
        alone = await run(("show", "-json", str(file)), {})
        self.told.append((json.loads(shown.stdout), json.loads(alone.stdout)))
        return shown


@pytest.mark.parametrize(("types", "calls"), [(None, 2), ((), 3)], ids=["known", "unknown"])
async def test_it_says_what_the_tool_says(
    stack: WorldStack,
    monkeypatch: pytest.MonkeyPatch,
    types: Collection[str] | None,
    calls: int,
) -> None:
    witness = Witness(types)
    monkeypatch.setattr(planning, "show_plan", witness.show)
    stack.apply(CODE)
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "blue"}
    async with corrector(stack) as ours:
        await ours.scan()
        stack.forget_calls()
        await ours.plan("world_thing.web")
    ((shown, alone),) = witness.told
    assert shown == alone
    changed = [one for one in shown["resource_changes"] if one["change"]["actions"] == ["update"]]
    assert [one["address"] for one in changed] == ["world_thing.web"]
    # Of types that are not known the tool has to ask the provider itself.
    assert stack.calls("show") == calls
