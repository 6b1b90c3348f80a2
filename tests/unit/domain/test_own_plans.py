"""What an apply of ours chose is told by its plan, and by nothing that it did not do."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.model import ResourceAddress
from reconciler.domain.own_plans import chosen_by, left_open
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.domain.values import Value
from tests.seen_objects import Schema, Seen, paths, scan, seen

A = ResourceAddress("a.b")
UNKNOWN = {"unknown": True}
FACTS = Schema(computed=frozenset({"colour", "parts"}))
PLAN = [
    {"path": "size", "before": 9, "after": 1},
    {"path": "colour", "before": "1", "after": UNKNOWN},
    {"path": "name", "before": "n", "after": UNKNOWN},
    {"path": "parts[0].id", "before": "p", "after": UNKNOWN},
]


def chosen(
    recorded: dict[str, Any], *, action: str = "update", changes: list[Any] = PLAN
) -> dict[tuple[str | int, ...], Value]:
    plan = {"resources": [{"address": A, "action": action, "changes": changes}]}
    witness = Seen("a", recorded, recorded, facts=FACTS)
    return chosen_by(left_open(plan).get(A, ()), witness)


APPLIED = {"size": 1, "colour": "2", "name": "m", "parts": [{"id": "q"}]}


def test_what_the_plan_left_open_and_code_cannot_set_was_chosen() -> None:
    assert chosen(APPLIED) == {("colour",): "2"}


@pytest.mark.parametrize(
    "recorded",
    [
        pytest.param({**APPLIED, "size": 9}, id="the plan was not carried out"),
        pytest.param({**APPLIED, "colour": "1"}, id="it stands there as before"),
    ],
)
def test_what_the_apply_did_not_write_was_not_chosen(recorded: dict[str, Any]) -> None:
    assert chosen(recorded) == {}


def test_a_plan_that_knows_no_value_tells_nothing() -> None:
    assert chosen(APPLIED, changes=PLAN[1:]) == {}


@pytest.mark.parametrize("action", ["delete", "forget", "invoke", "script", "other"])
def test_what_is_not_written_chooses_nothing(action: str) -> None:
    assert chosen(APPLIED, action=action) == {}


def test_a_number_that_json_would_round_is_not_taken_for_another() -> None:
    big = 2**60
    changes = [PLAN[0], {"path": "colour", "before": str(big), "after": UNKNOWN}]
    assert chosen({**APPLIED, "colour": big}, changes=changes) == {}


def test_the_baseline_takes_it_in() -> None:
    before = {"size": 1, "colour": "1", "name": "n"}
    first = scan(
        seen("a.b", Seen("a", before, before, facts=FACTS)), yardstick=Yardstick(keep=True)
    )
    baselines = {kept.key: kept for kept in first.begun}
    after = seen("a.b", Seen("a", now := {**before, "colour": "2"}, now, facts=FACTS))
    assert paths(after, yardstick=Yardstick(baselines, keep=True)) == {"a.b": ["colour"]}
    plan = {"resources": [{"address": A, "action": "update", "changes": PLAN}]}
    ours = Yardstick(baselines, keep=True, planned=left_open(plan))
    held = scan(after, yardstick=ours)
    assert not held.observed[0].undeclared
    assert [kept.values for kept in held.begun] == [now]
