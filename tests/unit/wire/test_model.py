from __future__ import annotations

import copy
import pickle
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from reconciler.wire.decoding import NotOfModelError, decode
from reconciler.wire.model import Body
from reconciler.wire.rules import Time, between, text
from reconciler.wire.scan import json_bytes

AT = datetime(2026, 5, 1, 10, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner(Body):
    size: Annotated[int, between(0, 9)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Outer(Body):
    """A model with one field of each kind."""

    name: Annotated[str, text(most=5, example="web")]
    inner: Inner = Inner()
    several: list[Inner] = field(default_factory=list)
    at: Time | None = None
    free: dict[str, Any] = field(default_factory=dict)
    share: float = 0.0


WHOLE = Outer(name="a", several=[Inner(size=3)], at=AT, free={"x": [1]}, share=0.5)
WRITTEN = {
    "name": "a",
    "inner": {"size": 0},
    "several": [{"size": 3}],
    "at": "2026-05-01T10:00:00.000Z",
    "free": {"x": [1]},
    "share": 0.5,
}


def test_a_model_is_written_and_read_back() -> None:
    assert WHOLE.as_json() == WRITTEN
    assert decode(Outer, WRITTEN) == WHOLE
    assert b'"several":[{"size":3}]' in json_bytes(WHOLE)


def test_a_model_is_copied_as_any_value() -> None:
    assert copy.deepcopy(WHOLE) == WHOLE
    assert pickle.loads(pickle.dumps(WHOLE)) == WHOLE  # noqa: S301  our own bytes


def test_keys_of_a_newer_daemon_are_passed_over_and_defaults_stand_for_an_older_one() -> None:
    assert decode(Outer, {"name": "a", "since_2_0": True}) == Outer(name="a")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({}, "name"),
        ({"name": 3}, "str is expected"),
        ({"name": "a", "inner": {"size": "3"}}, "int is expected"),
        ({"name": "a", "several": {}}, "a list is expected"),
        ({"name": "a", "at": "yesterday"}, "yesterday"),
        ([], "list"),
    ],
)
def test_an_answer_of_another_shape_is_refused_by_name(body: Any, word: str) -> None:
    with pytest.raises(NotOfModelError, match=word) as refused:
        decode(Outer, body)
    assert "Outer" in str(refused.value)
    assert refused.value.remedy


def test_a_request_is_checked_by_the_same_fields() -> None:
    adapter = TypeAdapter(Outer)
    assert adapter.validate_python(WRITTEN) == WHOLE
    wrong = {"name": "abcdef", "inner": {"size": 10}, "at": "2026", "share": "1", "more": 1}
    with pytest.raises(ValidationError) as refused:
        adapter.validate_python(wrong)
    places = {".".join(map(str, error["loc"])) for error in refused.value.errors()}
    assert places == {"name", "inner.size", "at", "share", "more"}


def test_the_schema_says_what_the_fields_say() -> None:
    properties = TypeAdapter(Outer).json_schema()["properties"]
    assert properties["name"]["maxLength"] == 5
    assert properties["name"]["examples"] == ["web"]
    assert properties["at"]["anyOf"][0]["format"] == "date-time"
