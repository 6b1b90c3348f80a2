"""The demo's Pulumi half believes nothing either: a finding too few, too many or wrong ends it."""

from __future__ import annotations

from typing import Any

import pytest

from demo.narration import StepError
from demo.pulumi_breakage import PulumiBreakage, check_found, three_breakages
from demo.pulumi_stage import STACK

THREE = three_breakages()


def as_found(breakage: PulumiBreakage) -> dict[str, Any]:
    return {
        "address": f"urn:pulumi:{STACK}::courier::some:type:Type::{breakage.name}",
        "kind": breakage.kind,
        "changes": [{"path": path} for path in breakage.paths],
    }


def test_exactly_the_three_pass() -> None:
    check_found([as_found(one) for one in THREE])


@pytest.mark.parametrize("number", range(3))
def test_a_wrong_kind_another_path_or_none_at_all_fails(number: int) -> None:
    found = [as_found(one) for one in THREE]
    wrong = "missing" if THREE[number].kind == "changed" else "changed"
    for change in ({"kind": wrong}, {"changes": [{"path": "another"}]}):
        with pytest.raises(StepError, match=THREE[number].name):
            check_found([*found[:number], {**found[number], **change}, *found[number + 1 :]])
    with pytest.raises(StepError, match=f"{THREE[number].name}: not found"):
        check_found([*found[:number], *found[number + 1 :]])


def test_what_nobody_touched_fails() -> None:
    stranger = {**as_found(THREE[0]), "address": f"urn:pulumi:{STACK}::courier::a:b:C::stranger"}
    with pytest.raises(StepError, match="nobody touched it"):
        check_found([*map(as_found, THREE), stranger])


def test_a_resource_of_another_stack_is_another_one() -> None:
    assert not THREE[0].matches(f"urn:pulumi:{STACK}::elsewhere::a:b:C::{THREE[0].name}")
