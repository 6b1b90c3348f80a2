"""A search finds every line that holds the text, wherever it was wrapped."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tui.ink import line
from tui.lines.searching import next_place, places_of
from tui.lines.wrapping import wrapped

_TEXTS = st.text("ab ", max_size=120)
_PLACES = st.lists(st.integers(0, 50), unique=True).map(sorted)


@given(_TEXTS, st.text("AaBb", min_size=1, max_size=5), st.integers(4, 40))
def test_a_line_is_found_exactly_when_it_holds_the_text(text: str, needle: str, width: int) -> None:
    spans = line(text)
    pieces = wrapped(spans, width)
    found = places_of(needle.lower(), spans, pieces)
    assert bool(found) == (needle.lower() in text)
    assert all(0 <= place < len(pieces) for place in found)


def test_a_text_that_was_wrapped_apart_is_found_where_its_line_begins() -> None:
    spans = line("aaaaaaaaab")
    assert places_of("ab", spans, wrapped(spans, 9)) == [0]


@given(_PLACES, st.integers(-1, 51))
def test_going_on_visits_every_place_and_going_back_undoes_it(found: list[int], top: int) -> None:
    seen = []
    for _ in found:
        place = next_place(found, top, 1)
        assert place is not None
        seen.append(top := place)
    assert sorted(seen) == found
    if len(found) > 1:
        after = next_place(found, top, 1)
        assert after is not None
        assert next_place(found, after, -1) == top


def test_nothing_found_is_nowhere_to_go() -> None:
    assert next_place([], 3, 1) is None
    assert next_place([], 3, -1) is None
