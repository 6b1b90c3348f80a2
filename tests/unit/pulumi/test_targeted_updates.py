"""Which unapplied code lets Pulumi's engine take up an object twice, or without its provider."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest

from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.targeted_updates import unsafe_code
from reconciler.domain.model import RecordedResource, ResourceAddress, Status
from tests.unit.pulumi.run_lines import THING


def resource(
    name: str,
    before: Sequence[str] | None,
    now: Sequence[str] | None,
    *,
    named: str = "",
    **also: Any,
) -> LoadedResource:
    """A resource that depended on `before`, and that the code registers after `now`."""
    content = {"dependencies": list(before or ()), **also}
    state = StateResource(name, THING, True, name, {}, {}, "", "", content)  # noqa: FBT003 - custom
    return LoadedResource(
        recorded_as=RecordedResource(
            address=ResourceAddress(name), type=THING, status=Status.LIVE, source=None
        ),
        state=state if before is not None else None,
        awaited=None if now is None else tuple(now),
        named=named,
    )


@pytest.mark.parametrize(
    ("resources", "told"),
    [
        ([("a", [], []), ("b", ["a"], ["a"])], None),
        ([("a", [], []), ("b", ["a"], [])], "b depend on a"),
        # By a chain that the code has cut at one end or the other.
        ([("a", [], []), ("b", ["a"], ["a"]), ("c", ["b"], [])], "c depend on a"),
        ([("a", [], []), ("b", ["a"], []), ("c", ["b"], ["b"])], "b depend on a"),
        # One that is no target either, and registers after it.
        ([("a", [], []), ("b", ["a"], ["a"]), ("c", ["b"], ["a"])], "c depend on b"),
        # Another way to the same resource, an object to come among them.
        ([("a", [], []), ("b", ["a"], ["a"]), ("c", ["b", "a"], ["b"])], None),
        ([("a", [], []), ("new", None, ["a"]), ("c", ["a"], ["new"])], None),
        # What the code does not ask for any more registers nothing.
        ([("a", [], []), ("b", ["a"], None)], None),
        ([("a", [], []), ("b", [], None), ("c", ["b"], [])], None),
        ([("a", [], []), ("b", ["a"], None), ("c", ["b"], [])], "c depend on a"),
    ],
)
def test_code_is_unsafe_when_an_untargeted_resource_does_not_wait_any_more(
    resources: list[tuple[str, Any, Any]], told: str | None
) -> None:
    expected = told and f"no longer makes {told}"
    assert unsafe_code([resource(*one) for one in resources], ["a"]) == expected


def test_a_dependent_that_is_a_target_itself_is_safe() -> None:
    resources = [resource("a", [], []), resource("b", ["a"], [])]
    assert unsafe_code(resources, ["a", "b"]) is None


def test_a_renamed_dependency_is_known_by_both_names() -> None:
    resources = [
        resource("a", [], []),
        resource("b", ["a"], ["a"], named="b-new"),
        resource("c", ["b"], ["b-new"]),
    ]
    assert unsafe_code(resources, ["a"]) is None


@pytest.mark.parametrize(
    "also",
    [
        {"parent": "a"},
        {"deletedWith": "a"},
        {"replaceWith": ["a"]},
        {"propertyDependencies": {"value": ["a"], "other": None}},
    ],
)
def test_every_kind_of_dependency_counts(also: dict[str, Any]) -> None:
    resources = [resource("a", [], []), resource("b", [], [], **also)]
    assert unsafe_code(resources, ["a"]) == "no longer makes b depend on a"


@pytest.mark.parametrize(
    ("recorded", "asked", "told"),
    [
        ("p::west::1", "p::west::1", None),
        ("p::west::1", "p::west::04da6b54", None),
        ("p::west::1", "p::east::2", "moves b from the provider west to east"),
        ("p::west::1", "", None),
        ("", "p::west::1", None),
    ],
)
def test_code_is_unsafe_when_it_moves_an_untargeted_resource_to_another_provider(
    recorded: str, asked: str, told: str | None
) -> None:
    one = resource("b", [], [])
    assert one.state is not None
    moved = replace(one, state=replace(one.state, provider=recorded), asked_of=asked)
    assert unsafe_code([resource("a", [], []), moved], ["a"]) == told
    assert unsafe_code([moved], ["b"]) is None
