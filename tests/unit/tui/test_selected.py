"""What was drawn over with the mouse is copied as it was written."""

from __future__ import annotations

from rich.cells import cell_len

from tui.ink import line, text_of
from tui.lines.selected import Piece, between, copied
from tui.lines.wrapping import wrapped


def test_lines_are_copied_from_a_column_to_a_column() -> None:
    pieces = [Piece("first line   "), Piece("second"), Piece("third line")]
    assert copied(pieces, 6, 5) == "line\nsecond\nthird"
    assert copied(pieces[:1], 0, 5) == "first"
    assert copied(pieces, 0, None) == "first line\nsecond\nthird line"
    assert copied([], 3, 5) == ""


def test_a_line_that_was_wrapped_is_one_line_again() -> None:
    text = "arn:aws:iam::123456789012:policy/" + "a" * 40
    drawn = wrapped(line(("live ", "dim"), text), 20)
    pieces = [Piece(text_of(drawn[0])), *(Piece(text_of(it), len(it[0].text)) for it in drawn[1:])]
    assert len(pieces) > 3
    assert copied(pieces, 5, None) == text
    # Beginning in what indents a part of it takes that part from its first letter on.
    assert copied(pieces[1:], 0, None) == copied(pieces[1:], pieces[1].indent, None)


def test_columns_are_cells_also_of_wide_characters() -> None:
    text = "a日本b"
    assert cell_len(text) == 6
    assert between(text, 1, 3) == "日"
    assert between(text, 3, None) == "本b"
    assert between("plain", 1, 3) == "la"
