"""`tui.toml`: how one person wants the terminal UI; nothing ever writes it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from reconciler.client.errors import InvalidError
from tui.palettes import PALETTES
from tui.views import View, read_views

_KEYS: Final = ("theme", "ascii", "mouse", "read_only", "keys", "views")


@dataclass(frozen=True, slots=True)
class Preferences:
    """`ascii_only` is None where the locale decides.

    `read_only` are globs over the names of environments in which nothing may be changed; where
    there are any, neither may it be in one without a name.
    `keys` gives actions other keys, by the names that `?` shows.
    """

    theme: str = ""
    ascii_only: bool | None = None
    mouse: bool = True
    read_only: Sequence[str] = ()
    keys: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)


def why_read_only(wish: Preferences, environment: str) -> str:
    """Return why nothing may be changed in an environment of this name; empty when it may.

    One without a name may be any of them: started without `--environment`, `read_only = ["*"]`
    closed nothing.
    """
    name = environment.lower()
    if wish.read_only and not name:
        return "tui.toml has read_only; --environment says whether it is meant"
    forbidden = any(fnmatchcase(name, glob.lower()) for glob in wish.read_only)
    return f"tui.toml says so of {environment}" if forbidden else ""


def preferences_file(environment: Mapping[str, str]) -> Path:
    """Return where the file would be."""
    home = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(home) / "trueup" / "tui.toml"


def read_preferences(file: Path) -> Preferences:
    """Return what the file says; without one, the defaults.

    Raises:
        InvalidError: it cannot be read, or a key or value of it is not understood.
    """
    try:
        body = tomllib.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return Preferences()
    except (OSError, ValueError) as error:
        raise InvalidError(f"{file} cannot be read: {error}", remedy="mend or remove it") from None
    for key in body:
        if key not in _KEYS:
            raise InvalidError(
                f"{file} has an unknown key {key!r}", remedy=f"use one of {', '.join(_KEYS)}"
            )
    theme = _text(file, body, "theme")
    if theme and theme not in PALETTES:
        raise InvalidError(
            f"{file}: there is no theme {theme!r}", remedy=f"use one of {', '.join(PALETTES)}"
        )
    return Preferences(
        theme=theme,
        ascii_only=_flag(file, body, "ascii", default=False) if "ascii" in body else None,
        mouse=_flag(file, body, "mouse", default=True),
        read_only=_names(file, body, "read_only"),
        keys=_texts(file, body, "keys"),
        views=read_views(file, body.get("views", {})),
    )


def _text(file: Path, body: dict[str, Any], key: str) -> str:
    value = body.get(key, "")
    if not isinstance(value, str):
        raise InvalidError(f"{file}: {key} must be a text", remedy=f'write {key} = "..."')
    return value


def _flag(file: Path, body: dict[str, Any], key: str, *, default: bool) -> bool:
    value = body.get(key, default)
    if not isinstance(value, bool):
        raise InvalidError(f"{file}: {key} must be true or false", remedy=f"write {key} = true")
    return value


def _names(file: Path, body: dict[str, Any], key: str) -> Sequence[str]:
    names = body.get(key, [])
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise InvalidError(
            f"{file}: {key} must be a list of environments", remedy=f'write {key} = ["prod"]'
        )
    return names


def _texts(file: Path, body: dict[str, Any], key: str) -> Mapping[str, str]:
    table = body.get(key, {})
    if not isinstance(table, dict) or not all(isinstance(text, str) for text in table.values()):
        raise InvalidError(
            f"{file}: [{key}] must be a table of texts", remedy=f'write [{key}] and name = "..."'
        )
    return table
