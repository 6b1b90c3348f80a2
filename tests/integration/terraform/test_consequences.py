"""What a moved object changes elsewhere is shown there, tied to what moved."""

from __future__ import annotations

import pytest

from reconciler.domain.model import Drifted, InSync, Missing, Origin
from tests.integration.terraform.drifted import paths
from tests.integration.terraform.tools import BY_TERRAFORM
from tests.world_stack import WorldStack, verdicts

FOLLOWED = """
resource "world_thing" "cause" {
  name   = "cause"
  labels = { team = "red" }
}
resource "world_thing" "follower" {
  name   = "follower"
  labels = { serial = world_thing.cause.serial }
}
resource "world_thing" "apart" {
  name   = "apart"
  labels = { name = world_thing.cause.name }
}
"""


async def test_a_moved_computed_value_is_judged_where_it_is_referred_to(stack: WorldStack) -> None:
    """Rows T8 and U2."""
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        things["cause"]["serial"] = "another"

    seen = await stack.scan()

    follower = seen["world_thing.follower"]
    assert isinstance(follower, Drifted)
    assert paths(follower) == ["labels.serial"]
    assert follower.changes[0].declared == "another"
    assert follower.changes[0].origin is Origin.OUT_OF_BAND
    assert follower.follows == "world_thing.cause"
    assert follower.reason == "follows world_thing.cause (serial)"
    assert seen["world_thing.apart"] == InSync()


async def test_what_an_apply_will_find_out_reaches_its_followers(stack: WorldStack) -> None:
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        things["cause"]["labels"] = {"team": "blue"}

    seen = await stack.scan()

    assert paths(seen["world_thing.cause"]) == ["labels.team"]
    follower = seen["world_thing.follower"]
    assert isinstance(follower, Drifted)
    assert follower.follows == "world_thing.cause"
    assert seen["world_thing.apart"] == InSync()


@pytest.mark.parametrize("place", ["near", "far"])
async def test_a_follower_takes_what_its_own_region_answers(stack: WorldStack, place: str) -> None:
    """Two regions answer the same question in two ways."""
    code = f"""
        provider "world" {{
          alias  = "far"
          world  = "{stack.cloud}"
          region = "west"
        }}
        data "world_count" "near" {{}}
        data "world_count" "far" {{ provider = world.far }}
        resource "world_thing" "cause" {{ name = "cause" }}
        resource "world_thing" "follower" {{
          name   = "follower"
          labels = {{
            serial = world_thing.cause.serial
            all    = jsonencode(data.world_count.{place})
          }}
        }}
        """
    stack.apply(code)
    stack.apply()  # with what is counted since
    with stack.changed() as things:
        things["cause"]["serial"] = "another"

    assert paths((await stack.scan())["world_thing.follower"]) == ["labels.serial"]


async def test_what_takes_from_a_data_source_that_waits_for_a_moved_object_follows_it(
    stack: WorldStack,
) -> None:
    stack.apply(
        """
        resource "world_thing" "cause" {
          name = "cause"
          size = 4
        }
        data "world_count" "late" {
          depends_on = [world_thing.cause]
        }
        resource "world_thing" "follower" {
          name   = "follower"
          labels = { all = jsonencode(data.world_count.late) }
        }
        resource "world_thing" "apart" {
          name       = "apart"
          depends_on = [world_thing.cause]
        }
        """
    )
    stack.apply()
    with stack.changed() as things:
        things["cause"]["size"] = 9
    for engine in ("plugin", "cli"):
        seen = await stack.scan(engine=engine)
        follower = seen["world_thing.follower"]
        assert isinstance(follower, Drifted), engine
        assert follower.follows == "world_thing.cause"
        assert seen["world_thing.apart"] == InSync()


async def test_an_object_that_follows_and_has_moved_keeps_its_own_cause(stack: WorldStack) -> None:
    """Row U3."""
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        things["cause"]["serial"] = "another"
        things["follower"]["size"] = 99
        things["follower"]["place"] = "elsewhere"

    follower = (await stack.scan())["world_thing.follower"]

    assert isinstance(follower, Drifted)
    assert {"place", "labels.serial"} <= set(paths(follower))
    assert follower.follows is None
    assert follower.requires_replace
    assert follower.reason == "labels follows world_thing.cause (serial)"


async def test_a_replacement_set_off_by_drift_follows_it(stack: WorldStack) -> None:
    """Row T7."""
    stack.apply(
        """
        resource "world_thing" "cause" {
          name   = "cause"
          labels = { team = "red" }
        }
        resource "world_thing" "follower" {
          name = "follower"
          lifecycle { replace_triggered_by = [world_thing.cause] }
        }
        """
    )
    assert (await stack.scan())["world_thing.follower"] == InSync()
    with stack.changed() as things:
        things["cause"]["labels"] = {"team": "blue"}

    follower = (await stack.scan())["world_thing.follower"]

    assert isinstance(follower, Drifted)
    assert follower.requires_replace
    assert follower.follows == "world_thing.cause"


async def test_what_is_gone_changes_what_refers_to_it(stack: WorldStack) -> None:
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        del things["cause"]

    seen = await stack.scan()

    assert seen["world_thing.cause"] == Missing()
    follower = seen["world_thing.follower"]
    assert isinstance(follower, Drifted)
    assert follower.reason == "follows world_thing.cause, which is gone"


@BY_TERRAFORM
async def test_a_follower_scanned_by_itself_is_seen_as_in_a_whole_scan(stack: WorldStack) -> None:
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        things["cause"]["serial"] = "another"

    async with stack.adapter() as adapter:
        snapshot = await adapter.load(stack.reference())
        whole = await verdicts(adapter, snapshot)
        alone = await verdicts(adapter, snapshot, "world_thing.follower")

    assert alone == {"world_thing.follower": whole["world_thing.follower"]}


@BY_TERRAFORM
async def test_the_same_drift_is_planned_once(stack: WorldStack) -> None:
    stack.apply(FOLLOWED)
    with stack.changed() as things:
        things["cause"]["serial"] = "another"

    async with stack.adapter() as adapter:
        first = await verdicts(adapter, await adapter.load(stack.reference()))
        stack.forget_calls()
        second = await verdicts(adapter, await adapter.load(stack.reference()))

    assert second == first
    assert stack.calls("plan") == 0


@BY_TERRAFORM
async def test_drift_that_nothing_refers_to_costs_no_second_plan(stack: WorldStack) -> None:
    stack.apply(FOLLOWED.replace("world_thing.cause.serial", "world_thing.cause.name"))
    with stack.changed() as things:
        things["cause"]["labels"] = {"team": "blue"}

    stack.forget_calls()
    seen = await stack.scan()

    assert paths(seen["world_thing.cause"]) == ["labels.team"]
    assert stack.calls("plan") == 1
