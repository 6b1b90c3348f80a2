"""What the engine asks for at ignored places: what was read there."""

from __future__ import annotations

from typing import Any

import pytest

from iac_adapters.pulumi.property_paths import parse_property_path
from iac_adapters.pulumi.reset_inputs import reset_elements, reset_inputs
from tests.unit.pulumi.raw import secret

WANTED = {
    "tags": {"x": "1", "y": "1"},
    "zones": ["a", "b"],
    "rules": [{"port": 1, "c": "a"}, {"port": 2, "c": "b"}],
    "word": secret("CANARY-a"),
    "keys": secret({"x": "CANARY-x", "y": ["CANARY-y", "CANARY-z"]}),
    "gone": {"x": "1", "y": "1"},
}
READ = {
    "tags": {"x": "9", "z": "9"},
    "zones": ["hand", "hand", "more"],
    "rules": [{"port": 9, "c": "hand"}],
    "word": secret("CANARY-b"),
    "keys": {"x": "CANARY-hand", "y": ["CANARY-hand", "CANARY-hand"]},
    "size": 9,
}


@pytest.mark.parametrize(
    ("ignored", "changed"),
    [
        ("tags", {"tags": READ["tags"]}),
        ("tags.x", {"tags": {"x": "9", "y": "1"}}),
        ("tags.z", {"tags": {"x": "1", "y": "1", "z": "9"}}),
        ("tags.*", {"tags": {"x": "9", "z": "9"}}),
        ("zones[0]", {"zones": ["hand", "b"]}),
        ("zones[*]", {"zones": ["hand", "hand"]}),
        ("zones[2]", {}),
        ("zones[9]", {}),
        ("rules[*].port", {"rules": [{"port": 9, "c": "a"}, {"port": 2, "c": "b"}]}),
        ("rules[0].port", {"rules": [{"port": 9, "c": "a"}, {"port": 2, "c": "b"}]}),
        ("rules[0].more", {}),
        ("rules[1]", {}),
        ("gone.x", {"gone": {"y": "1"}}),
        ("word", {"word": READ["word"]}),
        ("word.value", {}),
        ("keys.x", {"keys": secret({"x": "CANARY-hand", "y": ["CANARY-y", "CANARY-z"]})}),
        ("keys.y[1]", {"keys": secret({"x": "CANARY-x", "y": ["CANARY-y", "CANARY-hand"]})}),
        ("size", {"size": 9}),
        ("nothing.there[7]", {}),
    ],
)
def test_what_is_ignored_is_asked_for_as_it_was_read(ignored: str, changed: dict[str, Any]) -> None:
    assert reset_inputs(WANTED, READ, [ignored]) == {**WANTED, **changed}


def test_nothing_is_asked_for_where_everything_is_ignored() -> None:
    assert reset_inputs(WANTED, READ, ["*"]) == READ


def test_what_was_taken_away_is_not_asked_for() -> None:
    assert reset_inputs({"a": 1, "b": 2}, {}, ["a"]) == {"b": 2}


@pytest.mark.parametrize(
    ("ignored", "live", "shown"),
    [
        ("zones[0]", ["hand", "hand"], ["a", "hand"]),
        ("zones[0]", ["hand", "b"], ["hand", "b"]),
        ("zones[*]", ["hand", "b", "more"], ["a", "b", "more"]),
        ("zones[0]", [], []),
        ("zones", ["hand", "hand"], ["hand", "hand"]),
        ("others[0]", ["hand", "hand"], ["hand", "hand"]),
    ],
)
def test_an_ignored_element_has_not_moved_beside_others(
    ignored: str, live: list[Any], shown: list[Any]
) -> None:
    recorded: dict[str, Any] = {"zones": ["a", "b"]}
    found = reset_elements({"zones": live}, recorded, [parse_property_path(ignored)])
    assert found == {"zones": shown}
