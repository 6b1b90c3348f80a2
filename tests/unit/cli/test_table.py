from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from reconciler.cli.paint import Paint
from reconciler.cli.table import Column, table_lines

PLAIN = Paint(colour=False, width=80)
COLUMNS = (
    Column("NAME", least=6),
    Column("COUNT", right=True),
    Column("WHAT", least=8),
    Column("MORE", spare=True),
)
texts = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=1, max_size=90)
rows = st.lists(
    st.tuples(texts, st.integers(0, 99_999).map(str), texts, texts), min_size=1, max_size=8
)

Cells = Sequence[tuple[str, ...]]


def drawn(cells: Cells, *, width: int | None, paint: Paint = PLAIN) -> list[str]:
    made = [[("plain", text) for text in row] for row in cells]
    return list(table_lines(COLUMNS, made, paint=paint, width=width))


@given(rows, st.integers(30, 200))
def test_no_line_is_wider_than_the_terminal(cells: Cells, width: int) -> None:
    lines = drawn(cells, width=width)
    assert len(lines) == len(cells) + 1
    assert max(map(len, lines)) <= width


@given(rows)
def test_off_a_terminal_nothing_is_cut(cells: Cells) -> None:
    for line, row in zip(drawn(cells, width=None)[1:], cells, strict=True):
        assert line.split() == list(row)


@given(rows, st.integers(30, 200))
def test_columns_are_aligned(cells: Cells, width: int) -> None:
    head, *lines = drawn(cells, width=width)
    at = head.index("WHAT")
    assert all(line[at - 2 : at] == "  " and line[at] != " " for line in lines)
    assert all(line[at - 3].isdigit() for line in lines)


def test_the_spare_column_goes_before_anything_becomes_unreadable() -> None:
    cells = [("n" * 40, "1", "w" * 40, "m" * 40)]
    assert "MORE" in drawn(cells, width=70)[0]
    assert "MORE" not in drawn(cells, width=50)[0]


def test_a_column_without_content_is_left_out() -> None:
    assert "MORE" not in drawn([("a", "1", "b", "")], width=None)[0]


def test_colour_changes_no_alignment() -> None:
    cells = [("a", "1", "b", "c"), ("aaa", "222", "bbb", "ccc")]
    made = [[("strong", text) for text in row] for row in cells]
    painted = list(table_lines(COLUMNS, made, paint=Paint(colour=True), width=None))
    bare = [line.replace("\x1b[1m", "").replace("\x1b[2m", "") for line in painted]
    stripped = [line.replace("\x1b[0m", "").rstrip() for line in bare]
    assert stripped == drawn(cells, width=None)
