"""What a glob names, and that no glob keeps whoever asks waiting."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.globs import glob_covers, glob_matches

FEW = st.text(alphabet="ab.[", max_size=9)
GLOBS = st.text(alphabet="ab.[*?", max_size=9)


def _as_written(glob: str) -> str:
    return "".join(".*" if c == "*" else "." if c == "?" else re.escape(c) for c in glob)


@given(GLOBS, FEW)
def test_a_star_is_any_run_and_a_question_mark_one_character(glob: str, text: str) -> None:
    expected = re.fullmatch(_as_written(glob), text, re.DOTALL) is not None
    assert glob_matches(glob, text) is expected


@given(GLOBS, FEW)
def test_a_glob_covers_what_lies_below_what_it_names(glob: str, text: str) -> None:
    below = re.fullmatch(rf"(?:{_as_written(glob)})(?:[.\[].*)?", text, re.DOTALL)
    assert glob_covers(glob, text) is (below is not None)


@pytest.mark.parametrize(
    "glob", ["*a" * 400 + "b", "*a?" * 300 + "*b", "*" * 900 + "b", "?*" * 450]
)
@pytest.mark.parametrize("text", ["a" * 2000, "a." * 1000, "a[" * 1000])
def test_no_glob_takes_longer_than_its_length_explains(glob: str, text: str) -> None:
    begun = time.thread_time()
    glob_matches(glob, text)
    glob_covers(glob, text)
    assert time.thread_time() - begun < 1
