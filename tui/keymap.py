"""The keys: which action has which on a page, and how a key is written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from textual.screen import Screen

_NAMES: Final = {
    "slash": "/", "full_stop": ".", "question_mark": "?", "colon": ":", "backslash": "\\",
    "asterisk": "*", "at": "@", "escape": "esc", "left_square_bracket": "[",
    "right_square_bracket": "]",
}  # fmt: skip


_EVERYWHERE: Final = frozenset({"table", "document", "page", "app", "view"})


@dataclass(frozen=True, slots=True)
class Bound:
    """One action with its key; `id` is the name a keymap file gives it another key by."""

    key: str
    action: str
    description: str
    id: str


def bound_actions(screen: Screen[None]) -> Iterator[Bound]:
    """Yield what keys do on a screen, its own first; each action once."""
    found: dict[str, Bound] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if binding.id:
            bound = Bound(binding.key, binding.action, binding.description, binding.id)
            found.setdefault(binding.action, bound)
    yield from sorted(found.values(), key=lambda bound: bound.id.partition(".")[0] in _EVERYWHERE)


def page_keys(bound: Iterable[Bound]) -> str:
    """Return the keys of the pages, such as `1-8`; empty where a keymap scatters them."""
    keys = [each.key for each in bound if each.action.startswith("view(")]
    in_order = keys == [str(place) for place in range(1, len(keys) + 1)]
    return f"1-{len(keys)}" if in_order and keys else ""


def key_name(key: str) -> str:
    """Return a key as it stands on a keyboard."""
    first = key.partition(",")[0]
    if first.startswith("ctrl+"):
        return f"^{first.removeprefix('ctrl+')}"
    return _NAMES.get(first, first)
