"""Each situation that was once answered wrongly has a test, and `-m case` runs it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases import ROWS, rows_in, rows_of_tests


def test_every_row_has_a_test_and_no_test_names_a_row_that_is_none() -> None:
    assert set(rows_of_tests()) == ROWS


@pytest.mark.parametrize(
    ("docstring", "rows"),
    [
        ("Row T5.", {"T5"}),
        ("Rows T6 and T21.", {"T6", "T21"}),
        ("What is ignored (rows T9, T10 and U1).", {"T9", "T10", "U1"}),
        ("One way each (rows T1, D5 and V7).", {"T1", "V7"}),
        ("Two rows: T9 is none of them.", set()),
        (None, set()),
    ],
)
def test_rows_are_read_from_a_docstring(docstring: str | None, rows: set[str]) -> None:
    assert rows_in(docstring) == rows


@pytest.mark.parametrize("body", ["", "    pass\n", "    ...\n", '    "said twice"\n    pass\n'])
@pytest.mark.parametrize("kind", ["def", "async def"])
def test_an_empty_test_stands_for_no_row(tmp_path: Path, kind: str, body: str) -> None:
    file = tmp_path / "test_rows.py"
    file.write_text(f'{kind} test_it() -> None:\n    """Row T5."""\n{body}')
    assert rows_of_tests(tmp_path) == {}
    file.write_text(f"{file.read_text()}    assert True\n")
    assert rows_of_tests(tmp_path) == {"T5": ["test_rows.py::test_it"]}
