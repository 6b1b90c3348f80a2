from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.stack_definition import definition_of, options_in, same_definition

PLAIN = {"directory": "/s", "engine": "auto", "env_file": None}


@pytest.mark.parametrize("tool", [None, "world"])
def test_what_is_said_to_the_tool_comes_back(tool: str | None) -> None:
    said = {"only": "web-", "deep": False, "hosts": ["a"]}
    made = definition_of(directory="/s", tool=tool, engine="cli", env_file="/e", options=said)
    assert options_in(made) == said
    assert made.get("tool") == tool


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        pytest.param({}, {}, True, id="equal"),
        pytest.param({"workspace": "a"}, {"workspace": "b"}, False, id="another-value"),
        pytest.param({"workspace": None}, {}, True, id="an-unset-key-of-an-earlier-version"),
        pytest.param({"dynamic_providers": False}, {}, True, id="false-of-another-tool"),
        pytest.param({"var_files": []}, {}, True, id="an-empty-list"),
        pytest.param({"workspace": "a"}, {}, False, id="a-key-that-goes"),
        pytest.param({"run_code": False}, {"run_code": True}, False, id="false-beside-true"),
        pytest.param({"deep": False}, {"deep": None}, False, id="both-say-something-else"),
    ],
)
def test_definitions_differ_by_what_they_say(
    one: dict[str, Any], other: dict[str, Any], *, same: bool
) -> None:
    assert same_definition({**PLAIN, **one}, {**PLAIN, **other}) is same
    assert same_definition({**PLAIN, **other}, {**PLAIN, **one}) is same
