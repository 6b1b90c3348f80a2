"""Which planned values the last update did not record: rows with a reason, and laws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest
from hypothesis import given

from iac_adapters.pulumi.checkpoint import StateResource
from iac_adapters.pulumi.evaluation import Planned, Step
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.new_values import Writing, new_values
from iac_adapters.redaction.digester import SecretDigester
from reconciler.domain.model import RecordedResource, ResourceAddress, Status
from reconciler.domain.values import Sensitive
from tests.unit.pulumi.raw import SECRETIVE_PROPERTIES, secret

TYPE: Final = "shop:index:Thing"
URN: Final = f"urn:pulumi:dev::shop::{TYPE}::web"
SOURCE: Final = f"urn:pulumi:dev::shop::{TYPE}::source"
WEST: Final = "urn:pulumi:dev::shop::pulumi:providers:shop::west::1"
EAST: Final = "urn:pulumi:dev::shop::pulumi:providers:shop::east::2"
UNKNOWN: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
MASKER: Final = SecretDigester(b"k" * 32)
UPDATE: Final = Planned(Step.UPDATE)
CREATE: Final = Planned(Step.CREATE)


def resource(
    recorded: Mapping[str, Any], *, step: Step | None = Step.SAME, ignored: tuple[str, ...] = ()
) -> LoadedResource:
    state = StateResource(URN, TYPE, True, "1", recorded, recorded, "", WEST, {})  # noqa: FBT003 - custom
    return LoadedResource(
        recorded_as=RecordedResource(ResourceAddress(URN), TYPE, Status.LIVE),
        state=state,
        recorded=Recorded("1", recorded, recorded, WEST),
        step=step,
        ignored=ignored,
    )


def told(
    recorded: Mapping[str, Any],
    inputs: Mapping[str, Any],
    *,
    step: Planned = UPDATE,
    live: Mapping[str, Any] | None = None,
    plans: Mapping[str, Planned] | None = None,
    **more: Any,
) -> dict[str, tuple[object, object]]:
    writing = Writing(step, inputs, recorded, live, plans or {})
    found = new_values(writing, resource(recorded, **more), MASKER)
    return {str(one.path): (one.recorded, one.planned) for one in found}


@pytest.mark.parametrize(
    ("recorded", "inputs", "new", "reason"),
    [
        ({"a": 1}, {"a": 1}, {}, "as recorded"),
        ({"a": 1}, {"a": 1.0}, {}, "one number"),
        ({"a": None, "b": {}}, {"c": "", "d": []}, {}, "null and empty are alike"),
        ({"a": 1}, {"a": 2}, {"a": (1, 2)}, "edited"),
        ({"a": 1}, {"a": 1, "b": 2}, {"b": (None, 2)}, "added, by code or a default"),
        ({"a": 1, "b": 2}, {"a": 1}, {"b": (2, None)}, "taken away"),
        ({"t": {"x": 1}}, {"t": {"x": 1, "y": 2}}, {"t.y": (None, 2)}, "inside a map"),
        ({"a": 1, "__defaults": []}, {"a": 1, "__defaults": ["x"]}, {}, "the bridge's own"),
    ],
)
def test_new_is_what_is_not_recorded(
    recorded: dict[str, Any], inputs: dict[str, Any], new: dict[str, Any], reason: str
) -> None:
    assert told(recorded, inputs) == new, reason


@pytest.mark.parametrize("item", [lambda n: f"z{n}", lambda n: {"port": n}], ids=["text", "object"])
def test_the_order_of_a_list_counts_only_where_the_engine_has_an_update_of_the_code(
    item: Any,
) -> None:
    before, after = {"l": [item(1), item(2)]}, {"l": [item(2), item(1)]}
    assert told(before, after, step=UPDATE) == {}
    assert told(before, after, step=UPDATE, ignored=()) == {}
    edited = new_values(Writing(UPDATE, after, before, None, {}), _edited(before), MASKER)
    assert edited


def _edited(recorded: Mapping[str, Any]) -> LoadedResource:
    return replace(resource(recorded), step=Step.UPDATE)


def test_an_ignored_path_is_left_as_it_is_found() -> None:
    recorded, found = {"t": {"o": "x", "k": "y"}}, {"t": {"o": "hack", "k": "hack"}}
    inputs = {"t": {"o": "hack", "k": "y"}}
    assert told(recorded, inputs, live=found, ignored=("t.o",)) == {}
    assert told(recorded, inputs, live=found).keys() == {"t.o"}
    elsewhere = {"t": {"o": "other", "k": "y"}}
    assert told(recorded, elsewhere, live=found, ignored=("t.o",)).keys() == {"t.o"}


def test_an_ignored_element_is_left_as_it_is_found() -> None:
    recorded, found = {"z": ["a", "b"]}, {"z": ["hand", "hand"]}
    assert told(recorded, {"z": ["hand", "b"]}, live=found, ignored=("z[0]",)) == {}
    assert told(recorded, {"z": ["hand", "c"]}, live=found, ignored=("z[0]",)).keys() == {"z"}
    assert told(recorded, {"z": ["c", "b"]}, live=found, ignored=("z[0]",)).keys() == {"z"}


@pytest.mark.parametrize("step", [Step.CREATE, Step.REPLACE])
def test_an_ignored_path_counts_when_the_object_is_made_anew(step: Step) -> None:
    new = told({"o": "x"}, {"o": "edited"}, step=Planned(step), ignored=("o",))
    assert new == {"o": ("x", "edited")}


@pytest.mark.parametrize(
    ("sources", "plans", "is_new", "reason"),
    [
        ((SOURCE,), {SOURCE: CREATE}, False, "its source is made again"),
        ((SOURCE,), {SOURCE: UPDATE}, True, "its source is changed"),
        ((SOURCE,), {}, True, "its source is not in the plan"),
        ((), {SOURCE: CREATE}, True, "it has no source"),
    ],
)
def test_an_unknown_value_is_restored_with_the_object_that_it_comes_from(
    sources: tuple[str, ...], plans: dict[str, Planned], *, is_new: bool, reason: str
) -> None:
    step = Planned(Step.CREATE, depends={"a": sources})
    assert bool(told({"a": 1}, {"a": UNKNOWN}, step=step, plans=plans)) is is_new, reason


def test_an_unknown_value_of_edited_code_is_new() -> None:
    step = Planned(Step.CREATE, depends={"a": (SOURCE,)})
    writing = Writing(step, {"a": UNKNOWN}, {"a": 1}, None, {SOURCE: CREATE})
    assert [str(value.path) for value in new_values(writing, _edited({"a": 1}), MASKER)] == ["a"]


def test_another_provider_is_new_and_another_id_of_the_same_is_not() -> None:
    assert told({"a": 1}, {"a": 1}, step=Planned(Step.CREATE, provider=EAST)).keys() == {"provider"}
    renewed = f"{WEST.rpartition('::')[0]}::9"
    assert told({"a": 1}, {"a": 1}, step=Planned(Step.CREATE, provider=renewed)) == {}


def test_what_nothing_records_is_new_as_a_whole() -> None:
    (value,) = new_values(Writing(CREATE, {"a": secret("CANARY-a")}, {}, None, {}), None, MASKER)
    assert (value.path, value.recorded) == ("", None)
    assert "CANARY" not in repr(value)


def test_a_secret_is_a_digest_on_both_sides() -> None:
    new = told({"w": secret("CANARY-one")}, {"w": secret("CANARY-two")})
    assert {type(one) for one in new["w"]} == {Sensitive}
    assert new["w"][0] != new["w"][1]


@given(SECRETIVE_PROPERTIES)
def test_what_is_recorded_is_never_new(recorded: Mapping[str, Any]) -> None:
    for step in (Step.SAME, Step.UPDATE):
        assert told(recorded, recorded, step=UPDATE, ignored=()) == {}
        again = Writing(UPDATE, recorded, recorded, None, {})
        assert new_values(again, replace(resource(recorded), step=step), MASKER) == ()


@given(SECRETIVE_PROPERTIES, SECRETIVE_PROPERTIES)
def test_no_secret_is_in_a_new_value(
    recorded: Mapping[str, Any], inputs: Mapping[str, Any]
) -> None:
    assert "CANARY" not in repr(told(recorded, inputs))
