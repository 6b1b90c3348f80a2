"""`-exclude` in TF_CLI_ARGS_plan: what OpenTofu never plans, a scan does not show as drift."""

from __future__ import annotations

from pathlib import Path

import pytest

from iac_adapters.terraform.executable import Executable
from iac_adapters.terraform.loaded import LEFT_OUT
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Drifted, InSync, NotApplicable
from tests.integration.terraform.conftest import Template
from tests.world_stack import WorldStack, copied, verdicts

BASE, LEAF, OTHER = "world_thing.base", "world_thing.leaf[0]", "world_thing.other"
CODE = """
resource "world_thing" "base" {
  name   = "base"
  labels = { team = "red" }
}
resource "world_thing" "leaf" {
  count  = 1
  name   = "leaf"
  labels = { team = "red", of = world_thing.base.name }
}
resource "world_thing" "other" {
  name   = "other"
  labels = { team = "red" }
}
"""


def excluding(what: str) -> dict[str, str]:
    return {"TF_CLI_ARGS_plan": f"-parallelism=2 {what}"}


def drift_all(stack: WorldStack) -> None:
    with stack.changed() as things:
        for thing in things.values():
            thing["labels"] = {**thing["labels"], "team": "blue"}


@pytest.fixture
def drifted(template: Template, tofu: Executable, tmp_path: Path) -> WorldStack:
    """A stack of OpenTofu of which everything has drifted."""
    made = copied(template(tofu), tmp_path, tofu)
    made.apply(CODE)
    drift_all(made)
    return made


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_what_is_excluded_and_what_needs_it_is_left_out(
    drifted: WorldStack, engine: str
) -> None:
    """Row T11."""
    (drifted.directory / "left-out").write_text("# kept by hand\nworld_thing.other\n")

    async def found(what: str) -> dict[str, type]:
        seen = await drifted.scan(engine=engine, environment=excluding(what))
        return {address: type(verdict) for address, verdict in seen.items()}

    assert await found("-exclude=world_thing.base") == {
        BASE: NotApplicable, LEAF: NotApplicable, OTHER: Drifted,
    }  # fmt: skip
    assert await found("-exclude 'world_thing.leaf[0]'") == {
        BASE: Drifted, LEAF: NotApplicable, OTHER: Drifted,
    }  # fmt: skip
    assert await found("-exclude-file=left-out") == {
        BASE: Drifted, LEAF: Drifted, OTHER: NotApplicable,
    }  # fmt: skip


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_what_the_tool_plans_is_not_left_out_whatever_the_state_says(
    drifted: WorldStack, engine: str
) -> None:
    """The code refers to the excluded one no longer; the state still says that it does."""
    drifted.write(CODE.replace("world_thing.base.name", '"base"'))

    seen = await drifted.scan(engine=engine, environment=excluding("-exclude=world_thing.base"))

    assert {address: type(verdict) for address, verdict in seen.items()} == {
        BASE: NotApplicable, LEAF: Drifted, OTHER: Drifted,
    }  # fmt: skip


@pytest.mark.parametrize("engine", ["plugin", "cli"])
async def test_what_needs_something_that_is_not_made_yet_is_left_out_with_it(
    drifted: WorldStack, engine: str
) -> None:
    """No state says so."""
    code = CODE.replace("world_thing.base.name", "world_thing.new.name")
    drifted.write(code + 'resource "world_thing" "new" { name = "new" }')

    seen = await drifted.scan(engine=engine, environment=excluding("-exclude=world_thing.new"))

    assert {address: type(verdict) for address, verdict in seen.items()} == {
        BASE: Drifted, LEAF: NotApplicable, OTHER: Drifted,
    }  # fmt: skip


async def test_it_is_said_and_another_exclusion_is_seen_at_once(drifted: WorldStack) -> None:
    async with drifted.adapter() as adapter:
        reference = drifted.reference(environment=excluding("-exclude=world_thing.other"))
        snapshot = await adapter.load(reference)
        assert snapshot.warnings == ()
        found = await verdicts(adapter, snapshot)
        assert found[OTHER] == NotApplicable(LEFT_OUT)

        everything = await verdicts(adapter, await adapter.load(drifted.reference()))
        assert isinstance(everything[OTHER], Drifted)


async def test_what_is_planned_for_others_is_made_beside_an_exclusion(
    drifted: WorldStack, tmp_path: Path
) -> None:
    async with drifted.adapter() as adapter:
        reference = drifted.reference(environment=excluding("-exclude=world_thing.other"))
        snapshot = await adapter.load(reference)
        (tmp_path / "run").mkdir(mode=0o700)
        plan = await adapter.plan(snapshot, [BASE], folder=tmp_path / "run")  # type: ignore[list-item]

    assert [resource.address for resource in plan.resources] == [BASE]


async def test_a_file_of_exclusions_that_is_not_there_is_named(drifted: WorldStack) -> None:
    with pytest.raises(PermanentError, match=r"left-out-by-nobody: No such file"):
        await drifted.scan(environment=excluding("-exclude-file=left-out-by-nobody"))


async def test_terraform_has_no_exclusions_and_a_scan_says_so(
    template: Template, terraform: Executable, tmp_path: Path
) -> None:
    stack = copied(template(terraform), tmp_path, terraform)
    stack.apply(CODE)
    async with stack.adapter() as adapter:
        reference = stack.reference(environment=excluding("-exclude=world_thing.other"))
        snapshot = await adapter.load(reference)
        found = await verdicts(adapter, snapshot)

    assert snapshot.warnings == (
        "TF_CLI_ARGS_plan: -exclude is left out; a scan is of the whole stack",
    )
    assert set(found.values()) == {InSync()}
