"""The page prints the table that scans go by."""

from __future__ import annotations

from pathlib import Path

from iac_adapters.children.describe import blind_text, shown_text, table_lines

PAGE = Path(__file__).parents[3] / "docs" / "children.md"


def test_the_page_holds_every_rule() -> None:
    text = PAGE.read_text()
    head = "| parent | child | asked through | compared | untouched |\n|---|---|---|---|---|\n"
    assert head + "\n".join(table_lines()) + "\n\n" in text
    assert shown_text() in text
    assert blind_text() in text
