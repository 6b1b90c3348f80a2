"""The demo's Pulumi half believes nothing either: too many or wrong findings end it."""

from __future__ import annotations

from typing import Any

import pytest

from demo.narration import StepError
from demo.pulumi_breakage import PulumiBreakage, five_breakages
from demo.pulumi_stage import STACK
from demo.pulumi_watching import check

FIVE = five_breakages()


def as_found(breakage: PulumiBreakage) -> dict[str, Any]:
    return {
        "address": f"urn:pulumi:{STACK}::{breakage.stack}::some:type:Type::{breakage.name}",
        "kind": breakage.kind,
        "changes": [{"path": path} for path in breakage.paths],
    }


def test_exactly_the_five_pass() -> None:
    check([as_found(one) for one in FIVE], FIVE)


@pytest.mark.parametrize("number", range(5))
def test_a_wrong_kind_or_another_path_fails(number: int) -> None:
    found = [as_found(one) for one in FIVE]
    wrong = "missing" if FIVE[number].kind == "changed" else "changed"
    with pytest.raises(StepError, match=FIVE[number].name):
        check([*found[:number], {**found[number], "kind": wrong}], FIVE)
    with pytest.raises(StepError, match=FIVE[number].name):
        check([{**found[number], "changes": [{"path": "another"}]}], FIVE)


def test_what_nobody_touched_fails() -> None:
    stranger = {**as_found(FIVE[0]), "address": f"urn:pulumi:{STACK}::courier::a:b:C::stranger"}
    with pytest.raises(StepError, match="nobody touched it"):
        check([stranger], FIVE)


def test_a_resource_of_another_stack_is_another_one() -> None:
    assert not FIVE[0].matches(f"urn:pulumi:{STACK}::elsewhere::a:b:C::{FIVE[0].name}")
