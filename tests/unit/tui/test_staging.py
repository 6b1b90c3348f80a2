"""What waits to be merged: rows that came or went, and no others."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from tests.unit.tui.test_store import NOW
from tui.store.arrange import GROUP_KEY, Arrangement, arrange
from tui.store.filters import read_filter
from tui.store.languages import FLEET
from tui.store.rows import Row
from tui.store.staging import Staging

_ROW: Final = Row(
    id="a", stack="web", address="thing.a", type="thing", kind="changed", severity="high", score=1,
    state="open", origin="out_of_band", paths=("size",), first_seen=NOW, last_seen=NOW,
    report_id="r", signature="s",
)  # fmt: skip


def fleet(*names: str) -> dict[str, Row]:
    return {name: replace(_ROW, id=name, address=f"thing.{name}") for name in names}


def staged(rows: dict[str, Row], wish: Arrangement, *changed: str) -> Staging:
    """Arrange two rows, then note what changed."""
    arranged = arrange(fleet("a", "b").values(), wish)
    staging = Staging()
    staging.begin(arranged, wish)
    staging.note(changed, rows, stands=arranged.order.__contains__)
    return staging


def test_a_row_that_came_is_new_and_one_that_went_is_gone() -> None:
    staging = staged(fleet("a", "c"), Arrangement(), "b", "c")
    assert (staging.new, staging.gone) == ({"c"}, {"b"})


def test_what_the_filter_does_not_pass_neither_comes_nor_goes() -> None:
    wish = Arrangement(filter=read_filter("thing.a", FLEET, now=datetime.now(UTC)))
    assert not staged(fleet("a", "c"), wish, "b", "c")


def test_a_row_under_a_folded_title_is_no_newcomer() -> None:
    wish = Arrangement(group="stack", folded=frozenset({f"{GROUP_KEY}web"}))
    assert not staged(fleet("a", "b"), wish, "b")
    assert staged(fleet("a"), wish, "b").gone == {"b"}


def test_what_came_and_went_again_does_not_wait() -> None:
    staging = staged(fleet("a", "b", "c"), Arrangement(), "c")
    staging.note({"c"}, fleet("a", "b"), stands="ab".__contains__)
    assert not staging
    staging.note({"a"}, fleet("b"), stands="ab".__contains__)
    staging.note({"a"}, fleet("a", "b"), stands="ab".__contains__)
    assert not staging


def test_everything_that_came_and_went_is_noted_without_being_told_of() -> None:
    wish = Arrangement(group="stack")
    arranged = arrange(fleet("a", "b").values(), wish)
    staging = Staging()
    staging.begin(arranged, wish)
    staging.note_all(fleet("a", "c"), order=arranged)
    assert (staging.new, staging.gone) == ({"c"}, {"b"})
    staging.note_all(fleet("a", "b"), order=arranged)
    assert not staging
