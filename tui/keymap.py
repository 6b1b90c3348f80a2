"""The keys: which action has which on a page, and how a key is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from textual.screen import Screen

_NAMES: Final = {
    "slash": "/", "full_stop": ".", "question_mark": "?", "colon": ":", "backslash": "\\",
    "asterisk": "*", "at": "@", "escape": "esc", "left_square_bracket": "[",
    "right_square_bracket": "]",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Bound:
    """One action with its key; `id` is the name a keymap file gives it another key by."""

    key: str
    action: str
    description: str
    id: str


def bound_actions(screen: Screen[None]) -> Iterator[Bound]:
    """Yield what keys do on a screen, nearest first; each action once."""
    seen: set[str] = set()
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.action in seen or not binding.id:
            continue
        seen.add(binding.action)
        yield Bound(binding.key, binding.action, binding.description, binding.id)


def key_name(key: str) -> str:
    """Return a key as it stands on a keyboard."""
    first = key.partition(",")[0]
    if first.startswith("ctrl+"):
        return f"^{first.removeprefix('ctrl+')}"
    return _NAMES.get(first, first)
