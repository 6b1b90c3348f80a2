from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.paths import Steps, render_path, steps_of

_STEPS = st.lists(st.one_of(st.text(min_size=1), st.integers(0, 99)), max_size=5).map(tuple)


@given(_STEPS)
def test_steps_survive_being_written(steps: Steps) -> None:
    assert steps_of(render_path(steps)) == steps


@pytest.mark.parametrize(
    ("path", "steps"),
    [("", ()), ("a[", ("a",)), ("a..b", ("a",)), ('a["x', ("a",))],
)
def test_a_text_that_is_no_path_is_read_as_far_as_it_is_one(path: str, steps: Steps) -> None:
    assert steps_of(path) == steps
