"""What the `:` line may become."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tui.completing import common_start, completions

NAMES = ("drift", "runs", "scan", "stacks")
TAKES = {"scan": lambda: ("web", "worker"), "drift": lambda: ("stack:", "sev:")}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", ["drift", "runs", "scan", "stacks"]),
        ("s", ["scan", "stacks"]),
        ("  sc", ["scan"]),
        ("x", []),
        ("scan ", ["scan web", "scan worker"]),
        ("scan wo", ["scan worker"]),
        ("scan web ", []),
        ("runs ", []),
        ("drift kind:missing s", ["drift kind:missing sev:", "drift kind:missing stack:"]),
    ],
)
def test_a_text_becomes_what_begins_with_it(text: str, found: list[str]) -> None:
    assert completions(text, NAMES, TAKES, several=("drift",)) == found


@given(some.text("drift scanweb:", max_size=20))
def test_what_is_completed_begins_with_what_was_typed(text: str) -> None:
    found = completions(text, NAMES, TAKES, several=("drift",))
    assert all(each.startswith(text.lstrip()) for each in found)
    assert all(each.startswith(common_start(found)) for each in found)
