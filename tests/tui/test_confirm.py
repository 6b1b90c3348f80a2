"""The dialog of a decision alone: what it takes for a yes."""

from __future__ import annotations

import time

import pytest
from textual.app import App
from textual.screen import Screen
from textual.widgets import Input

from tests.patience import until
from tui.ink import line, text_of
from tui.modals import confirm
from tui.modals.confirm import Confirm
from tui.palettes import palette
from tui.verbs import Asked, Tier
from tui.widgets.bar import Bar


def a_long_dialog() -> Confirm:
    return Confirm(
        Asked("approve", (), Tier.SERIOUS, "shop"),
        [line(f"destroys {place}") for place in range(300)],
        palette=palette("mono"),
        moved=tuple,
        why_not=str,
    )


@pytest.mark.parametrize("way", ["tab", "click"])
async def test_a_name_typed_before_everything_was_scrolled_past_confirms_nothing(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "ARM_S", 0.0)
    answers: list[bool | None] = []
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = a_long_dialog()
        await app.push_screen(dialog, answers.append)
        await pilot.pause()
        field = dialog.query_one("#token", Input)
        await (pilot.press("tab") if way == "tab" else pilot.click("#token"))
        assert field.has_focus
        await pilot.press(*"shop", "enter")
        assert field.value == ""
        assert answers == []
        assert "scroll to the end" in text_of(dialog.query_one("#verdict", Bar).line)
        await pilot.press("G")
        await until(lambda: dialog._seen_all)
        field.focus()
        await pilot.pause()
        await pilot.press(*"shop", "enter")
        await until(lambda: bool(answers))
        assert answers == [True]


@pytest.mark.parametrize("covered_at", ["once", "later"])
async def test_what_was_covered_listens_only_once_drawn_again(
    covered_at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(confirm, "ARM_S", 0.0)
    app = App[None]()
    async with app.run_test(size=(80, 24)) as pilot:
        dialog = a_long_dialog()
        opened = app.push_screen(dialog)
        if covered_at == "later":
            await opened
            await until(lambda: dialog._armed_at < time.monotonic())
        keys = dialog._keys
        await app.push_screen(Screen[None]())
        await until(lambda: dialog._keys > keys)  # it knows that it is covered
        await pilot.pause()
        assert dialog._armed_at == float("inf")
        monkeypatch.setattr(confirm, "ARM_S", 3600.0)
        uncovered_at = time.monotonic()
        await app.pop_screen()
        await until(lambda: dialog._armed_at < float("inf"))
        assert uncovered_at + 3600.0 <= dialog._armed_at
