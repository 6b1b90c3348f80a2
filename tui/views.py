"""Ways to look at the fleet that have a name in `tui.toml`."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reconciler.client.errors import InvalidError
from tui.store.arrange import GROUPS, SORTS
from tui.store.filters import read_filter
from tui.store.languages import FLEET

_WORDS: Final[Mapping[str, Collection[str]]] = {"sort": SORTS, "group": GROUPS}


@dataclass(frozen=True, slots=True)
class View:
    """A filter, the order, what the rows are grouped by, and whether more columns are shown."""

    filter: str = ""
    sort: str = "severity"
    reverse: bool = False
    group: str = "none"
    wide: bool = False

    def written(self, name: str) -> str:
        """Return it as it stands in `tui.toml`; what is as usual is left out."""
        usual = View()
        lines = [f"[views.{json.dumps(name)}]" if not name.isalnum() else f"[views.{name}]"]
        for field in fields(self):
            value = getattr(self, field.name)
            if value != getattr(usual, field.name):
                lines.append(f"{field.name} = {json.dumps(value)}")
        return "\n".join(lines) + "\n"


def read_views(file: Path, table: Any) -> Mapping[str, View]:
    """Return the views of `[views]`, each a filter or a table.

    Raises:
        InvalidError: one is neither, or a key or a value of it is not understood.
    """
    if not isinstance(table, dict):
        raise InvalidError(f"{file}: [views] must be a table", remedy='write [views] and a = "..."')
    return {name: _view(f"{file}: the view {name!r}", given) for name, given in table.items()}


def _view(of: str, given: Any) -> View:
    view = _stated(of, {"filter": given} if isinstance(given, str) else given)
    try:
        read_filter(view.filter, FLEET, now=datetime.now(UTC))
    except InvalidError as error:
        raise InvalidError(f"{of}: {error}", remedy=error.remedy) from None
    return view


def _stated(of: str, given: Any) -> View:
    types = {field.name: type(field.default) for field in fields(View)}
    if not isinstance(given, dict):
        raise InvalidError(
            f"{of} must be a filter or a table", remedy=f"write one of {', '.join(types)}"
        )
    for key, value in given.items():
        if key not in types:
            raise InvalidError(
                f"{of} has an unknown key {key!r}", remedy=f"use one of {', '.join(types)}"
            )
        if type(value) is not types[key]:
            kind = "true or false" if types[key] is bool else "a text"
            raise InvalidError(f"{of}: {key} must be {kind}", remedy=f"write {key} = ...")
        words = _WORDS.get(key)
        if words is not None and value not in words:
            raise InvalidError(
                f"{of}: {key} cannot be {value!r}", remedy=f"use one of {', '.join(words)}"
            )
    return View(**given)
