"""`[keys]` of tui.toml held against every page: unknown names, unknown keys, and clashes."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from textual.app import App
from textual.binding import Binding
from textual.dom import DOMNode
from textual.keys import KEY_TO_UNICODE_NAME, Keys

from reconciler.client.errors import InvalidError
from tui.keymap import key_name
from tui.modals.command_line import CommandLine
from tui.modals.confirm import Confirm
from tui.modals.menu import Menu, Reader
from tui.modals.prompt import Prompt
from tui.paged import VIEWS, page_of
from tui.screens.finding import FindingPage
from tui.screens.page import Page
from tui.screens.run import RunPage
from tui.screens.table_page import TablePage
from tui.widgets.document import Document

_MODIFIERS: Final = frozenset({"ctrl", "alt", "shift", "super", "hyper", "meta"})
_SPELLINGS: Final = {"esc": "escape", "return": "enter", "del": "delete", " ": "space"}
_SAME_TO_A_TERMINAL: Final = {
    "ctrl+i": "tab", "ctrl+m": "enter", "ctrl+j": "enter", "ctrl+h": "backspace",
    "ctrl+left_square_bracket": "escape",
}  # fmt: skip
_NAMED: Final = frozenset(
    {key.value for key in Keys}
    | KEY_TO_UNICODE_NAME.keys()
    | {"slash", "backslash", "at", "minus", "plus", "underscore", "comma", "full_stop", "colon"}
    | {"question_mark", "asterisk", "semicolon", "space", "enter", "tab", "backspace", "delete"}
)
Contexts = Mapping[str, Sequence[Binding]]
"""What keys do on each page and in each dialog, what goes first before what lies below."""


def contexts_of(app: type[App[None]]) -> Contexts:
    """Return the keys of every page and dialog, as they are without a keymap."""
    found: dict[str, Sequence[Binding]] = {}
    pages: list[type[Page]] = [*map(page_of, VIEWS), FindingPage, RunPage]
    for page in pages:
        name = f"the page {page.__name__.removesuffix('Page').lower()}"
        body: type[DOMNode] = page.table_type if issubclass(page, TablePage) else Document
        found[name] = (*bindings_of(body), *bindings_of(page), *bindings_of(app))
    for dialog in (Confirm, Menu, Reader, Prompt, CommandLine):
        found[f"the {dialog.__name__.lower()} dialog"] = tuple(bindings_of(dialog))
    return found


def bindings_of(cls: type[DOMNode]) -> Iterator[Binding]:
    """Yield the keys of a class, its own before those of what it is made of."""
    for base in cls.__mro__:
        for binding in vars(base).get("BINDINGS", ()):
            if isinstance(binding, Binding) and binding.id:
                yield binding


def checked_keymap(file: Path, keys: Mapping[str, str], contexts: Contexts) -> Mapping[str, str]:
    """Return `keys` as textual names them.

    Raises:
        InvalidError: an action or a key does not exist, no terminal tells the key from another,
            or a page would have two actions under one key.
    """
    known = {
        binding.id: binding for bindings in contexts.values() for binding in bindings if binding.id
    }
    wanted: dict[str, tuple[str, ...]] = {}
    for action, text in keys.items():
        if action not in known:
            raise InvalidError(
                f"{file}: [keys] names an action {action!r} that does not exist",
                remedy=_nearest(action, [*known]),
            )
        wanted[action] = tuple(_key(file, action, part) for part in _parts(text))
    words = {name: f"{name} ({binding.description.rstrip('.')})" for name, binding in known.items()}
    for place, bindings in contexts.items():
        clash = _clash(bindings, wanted)
        if clash is not None:
            action, other, key = clash
            raise InvalidError(
                f"{file}: [keys] gives {key_name(key)!r} to {words[action]}, but on {place}"
                f" it is the key of {words[other]}",
                remedy=f"give {action} another key, or {other} another one under [keys]",
            )
    return {action: ",".join(found) for action, found in wanted.items()}


def _nearest(action: str, names: Sequence[str]) -> str:
    near = get_close_matches(action, names, n=1)
    return (
        f"did you mean {near[0]}? ? in the terminal UI lists the names"
        if near
        else ("? in the terminal UI lists the names")
    )


def _parts(text: str) -> list[str]:
    return [text] if len(text) == 1 else [part.strip() for part in text.split(",")]


def _key(file: Path, action: str, text: str) -> str:
    written = f"ctrl+{text[1:]}" if len(text) > 1 and text.startswith("^") else text
    *modifiers, name = written.split("+") if len(written) > 1 else [written]
    named = _SPELLINGS.get(name, name)
    key = "+".join((*modifiers, _character(named) if len(named) == 1 else named))
    if (
        not named
        or not set(modifiers) <= _MODIFIERS
        or not (len(named) == 1 or named in _NAMED or key in _NAMED)
    ):
        raise InvalidError(
            f"{file}: [keys] gives {action} a key {text!r} that does not exist",
            remedy='write a character such as "o", or a name such as "f5", "ctrl+o", "slash"',
        )
    if "shift" in modifiers and len(named) == 1:
        raise InvalidError(
            f"{file}: [keys] gives {action} the key {text!r}, which no terminal sends",
            remedy=f"write {named.upper()!r}" if named.isalpha() else "write the character itself",
        )
    if key in _SAME_TO_A_TERMINAL:
        raise InvalidError(
            f"{file}: [keys] gives {action} the key {text!r}, which a terminal sends as"
            f" {_SAME_TO_A_TERMINAL[key]}",
            remedy=f"give {action} another key",
        )
    return key


def _character(character: str) -> str:
    """Return the name of a character's key, such as `full_stop`; a letter is its own."""
    if character.isalnum():
        return character
    name = unicodedata.name(character, "").lower().replace("-", "_").replace(" ", "_")
    return {
        "solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at",
        "hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore",
    }.get(name, name)  # fmt: skip


def _clash(
    bindings: Sequence[Binding], wanted: Mapping[str, tuple[str, ...]]
) -> tuple[str, str, str] | None:
    """Return an action of the keymap, another one, and the key that both would have."""
    now = {
        action: frozenset(wanted.get(action, keys)) for action, keys in _reached(bindings).items()
    }
    for action in sorted(now.keys() & wanted.keys()):
        for other, keys in now.items():
            shared = sorted(now[action] & keys)
            if other != action and shared:
                return action, other, shared[0]
    return None


def _reached(bindings: Sequence[Binding]) -> dict[str, frozenset[str]]:
    """Return the keys by which each action is reached; one that lies below another has none."""
    taken: set[str] = set()
    found: dict[str, frozenset[str]] = {}
    for binding in bindings:
        keys = {_named(key) for key in binding.key.split(",")} - taken
        if keys and binding.id:
            found.setdefault(binding.id, frozenset(keys))
            taken |= keys
    return found


def _named(key: str) -> str:
    return _character(key) if len(key) == 1 else key
