from __future__ import annotations

from pathlib import Path

from reconciler.wire.catalogue import catalogue_lines

PAGE = Path(__file__).parents[3] / "docs" / "events.md"


def test_the_page_of_events_prints_the_catalogue() -> None:
    _, _, printed = PAGE.read_text().partition("<!-- catalogue -->\n")
    assert printed == "\n".join(catalogue_lines()) + "\n"
