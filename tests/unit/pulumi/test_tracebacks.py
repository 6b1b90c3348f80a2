"""Tracebacks of others' programs, each as one line that says where."""

from __future__ import annotations

import os
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.pulumi.tracebacks import without_tracebacks

HEAD = "Traceback (most recent call last):"
OURS = '  File "/code/__main__.py", line 7, in <module>\n    boom()\n    ^^^^^^\n'
THEIRS = '  File "/x/lib/python3.11/json/decoder.py", line 3, in decode\n    raise E\n'


@pytest.mark.parametrize(
    ("text", "expected", "reason"),
    [
        ("no traceback", "no traceback", "nothing to do"),
        (f"{HEAD}\n{OURS}ValueError: no", "/code/__main__.py:7: ValueError: no", "one"),
        (
            f"{HEAD}\n{OURS}{THEIRS}E: no",
            "/code/__main__.py:7: E: no",
            "a library is not the place",
        ),
        (f"{HEAD}\n{THEIRS}E: no", "E: no", "no place of theirs"),
        (f"before\n{HEAD}\n{OURS}E: a\nb\nc", "before\n/code/__main__.py:7: E: a\nb\nc", "around"),
        (f"{HEAD}\n{OURS}\nE: no", "/code/__main__.py:7: E: no", "a line of source is empty"),
        (f"{HEAD}\n{OURS}", "/code/__main__.py:7", "cut off"),
        (
            f"{HEAD}\n{OURS}A: a\n\nDuring it:\n\n{HEAD}\n{OURS}B: b",
            "/code/__main__.py:7: A: a\n\nDuring it:\n\n/code/__main__.py:7: B: b",
            "one over the other",
        ),
    ],
)
def test_a_traceback_becomes_one_line(text: str, expected: str, reason: str) -> None:
    assert without_tracebacks(text) == expected, reason


def test_a_real_one_ends_with_its_exception() -> None:
    with pytest.raises(KeyError) as raised:
        os.environ["TRUEUP_MISSING"]
    text = "".join(traceback.format_exception(raised.value))
    told = without_tracebacks(text).strip()
    assert told.endswith(": KeyError: 'TRUEUP_MISSING'")
    assert __file__ in told
    assert "\n" not in told


@given(st.text())
def test_any_other_text_stays_as_it_is(text: str) -> None:
    assert without_tracebacks(text) == text
