"""The declared form of each resource: what the code evaluates to, and no secret."""

from __future__ import annotations

from reconciler.ports import Declaration
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import WorldStack

pytestmark = BY_TERRAFORM

SECRET = "the-open-secret"
CODE = f"""
variable "word" {{
  sensitive = true
  default   = "{SECRET}-of-a-variable"
}}
resource "world_thing" "web" {{
  name     = "web-${{1 + 1}}"
  secret   = "{SECRET}"
  size     = 2.5
  labels   = {{ word = var.word, team = "red" }}
  zones    = ["a", "b"]
  anything = 7
}}
resource "world_thing" "gone" {{ name = "gone" }}
"""


async def declared(stack: WorldStack, *, engine: str = "plugin") -> dict[str, Declaration]:
    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference(engine=engine))
        told = await adapter.declarations(snapshot)
        assert told == await adapter.declarations(snapshot)
        assert [one.address for one in told] == sorted(one.address for one in told)
    return {one.address: one for one in told}


async def test_it_is_what_the_code_evaluates_to(stack: WorldStack) -> None:
    stack.apply(CODE)
    with stack.changed() as things:
        things["web-2"]["zones"] = ["c"]
    definition = dict((await declared(stack))["world_thing.web"].definition)
    secret, labels = definition.pop("secret"), definition.pop("labels")

    assert definition == {"name": "web-2", "size": 2.5, "zones": ["a", "b"], "anything": 7}
    assert set(secret) == {"digest"}
    assert SECRET not in repr(labels)
    assert "serial" not in definition


async def test_the_baseline_changes_exactly_with_the_record(stack: WorldStack) -> None:
    stack.apply(CODE)
    first = await declared(stack)
    stack.apply(CODE.replace('"b"]', '"c"]'))
    second = await declared(stack)

    changed = {a for a in first if first[a].baseline_hash != second[a].baseline_hash}
    assert changed == {"world_thing.web"}
    assert SECRET not in repr(first)


async def test_what_no_code_declares_is_not_declared(stack: WorldStack) -> None:
    stack.apply(CODE)
    stack.write(CODE.replace('resource "world_thing" "gone" { name = "gone" }', ""))
    assert set(await declared(stack)) == {"world_thing.web"}


async def test_without_a_recording_it_is_what_was_set(stack: WorldStack) -> None:
    stack.apply(CODE)
    told = (await declared(stack, engine="cli"))["world_thing.web"]

    assert told.definition["name"] == "web-2"
    assert told.definition["zones"] == ["a", "b"]
    assert "serial" not in told.definition
    assert SECRET not in repr(told)
