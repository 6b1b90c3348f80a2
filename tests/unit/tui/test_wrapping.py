"""A line is broken without losing anything, in time that grows with its length alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as some
from rich.cells import cell_len, chop_cells

from tui.ink import line, text_of
from tui.lines import wrapping
from tui.lines.wrapping import wrapped


@given(some.lists(some.text(max_size=60), min_size=1, max_size=4), some.integers(10, 40))
def test_nothing_is_left_out_and_every_piece_fits(texts: list[str], width: int) -> None:
    spans = line(*texts)
    first, *others = wrapped(spans, width)
    assert text_of(first) + "".join(text_of(each[1:]) for each in others) == text_of(spans)
    assert all(cell_len(text_of(each)) <= width for each in (first, *others))


@pytest.mark.parametrize("letter", ["é", "日", "\x1b", "é\u0301\u0301\u0301"])
def test_a_long_text_is_looked_through_once(letter: str, monkeypatch: pytest.MonkeyPatch) -> None:
    looked: list[int] = []

    def counted(text: str, width: int) -> list[str]:
        looked.append(len(text))
        return chop_cells(text, width)

    monkeypatch.setattr(wrapping, "chop_cells", counted)
    spans = line(letter * 2000)
    wrapped(spans, 80)
    # Each piece anew to the end of the text, 4,000 characters took seconds at every redraw.
    assert sum(looked) < 8 * len(text_of(spans))


def test_a_line_breaks_at_a_space_and_goes_on_below_its_value() -> None:
    spans = line(("remediation  ", "dim"), "needs approval  since 14:59:18 (4m ago)")
    assert [text_of(each) for each in wrapped(spans, 51)] == [
        "remediation  needs approval  since 14:59:18 (4m ",
        "             ago)",
    ]


def test_a_word_that_fits_on_the_next_line_is_not_cut() -> None:
    spans = line("triggers.config", ("  would change", "dim"), ("  forces replacement", "critical"))
    assert [text_of(each) for each in wrapped(spans, 40)] == [
        "triggers.config  would change  forces ",
        "  replacement",
    ]
    apart = line("before -> ", ("(known", "added"), (" after apply)", "added"))
    assert [text_of(each) for each in wrapped(apart, 14)] == [
        "before -> ",
        "  (known ",
        "  after apply)",
    ]


def test_a_word_that_is_longer_than_a_line_is_cut_to_fill_it() -> None:
    first, second = wrapped(line("digest  ", "f" * 30), 30)
    assert text_of(first) == "digest  " + "f" * 22
    assert text_of(second).strip() == "f" * 8
