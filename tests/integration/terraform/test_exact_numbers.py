"""Numbers beyond a float and 64 bits: untouched they are in sync, and their last digit counts."""

from __future__ import annotations

from decimal import Decimal

from reconciler.domain.model import Drifted, InSync, Origin, Verdict
from tests.integration.terraform.tools import ENGINES
from tests.world_stack import WorldStack

CODE = """
resource "world_thing" "third" {
  name = "third"
  size = 1 / 3
}
resource "world_thing" "tenth" {
  name     = "tenth"
  size     = 0.1
  anything = { share = 1 / 3, id = 18446744073709551617 }
}
resource "world_thing" "large" {
  name   = "large"
  size   = 9223372036854775809
  leader = { name = "ann", weight = -18446744073709551617 }
}
resource "terraform_data" "kept" {
  input = [1 / 3, 18446744073709551617]
}
output "large" { value = 18446744073709551617 }
"""
THING = "world_thing."


def change_of(verdict: Verdict) -> tuple[str, object, object]:
    assert isinstance(verdict, Drifted)
    (change,) = verdict.changes
    return change.path, change.recorded, change.live


@ENGINES
async def test_the_last_digit_of_a_number_counts(stack: WorldStack, engine: str) -> None:
    stack.apply(CODE)
    untouched = await stack.scan(engine=engine)
    things = {key: verdict for key, verdict in untouched.items() if key.startswith(THING)}
    assert things == dict.fromkeys((f"{THING}third", f"{THING}tenth", f"{THING}large"), InSync())

    with stack.changed() as objects:
        third = str(objects["third"]["size"])
        objects["third"]["size"] = third[:-1]
        objects["large"]["size"] = "9223372036854775811"
        objects["tenth"]["size"] = "0.10000000000000000000000000000000001"

    found = await stack.scan(engine=engine)

    path, recorded, live = change_of(found[f"{THING}third"])
    assert (path, str(recorded), str(live)) == ("size", third, third[:-1])
    path, recorded, live = change_of(found[f"{THING}large"])
    assert (path, int(recorded), int(live)) == (  # type: ignore[call-overload]
        "size",
        9223372036854775809,
        9223372036854775811,
    )
    path, _, live = change_of(found[f"{THING}tenth"])
    assert (path, live) == ("size", Decimal("0.10000000000000000000000000000000001"))


@ENGINES
async def test_code_that_changes_the_last_digit_is_not_applied(
    stack: WorldStack, engine: str
) -> None:
    stack.apply(CODE)
    stack.write(CODE.replace("709551617", "709551619"))

    found = await stack.scan(engine=engine)

    changes = {
        address: [
            (c.path, "551617" in str(c.recorded), "551619" in str(c.declared))
            for c in verdict.changes
        ]
        for address, verdict in found.items()
        if isinstance(verdict, Drifted)
    }
    assert changes == {
        f"{THING}tenth": [("anything.id", True, True)],
        f"{THING}large": [("leader.weight", True, True)],
        "terraform_data.kept": [("input", True, True)],
        "output.large": [("value", True, True)],
    }
    assert all(
        change.origin is Origin.UNAPPLIED
        for verdict in found.values()
        if isinstance(verdict, Drifted)
        for change in verdict.changes
    )
