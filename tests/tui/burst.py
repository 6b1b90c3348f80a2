"""Keys that arrive all at once, as over a slow line."""

from __future__ import annotations

from typing import Final

from textual.events import Key
from textual.keys import _character_to_key

from tests.tui.conftest import Seat

_NAMED: Final = {"\r": "enter", "\t": "tab", "\x1b": "escape", "↑": "up", "↓": "down"}


def arrive(seat: Seat, text: str) -> None:
    """Type `text` at once; arrows stand for their keys."""
    for each in text:
        named = _NAMED.get(each)
        key = Key(named or _character_to_key(each), None if each in "↑↓" else each)
        seat.app.post_message(key)
