"""Rows by key, which a transaction that fails takes back, and values as a database keeps them."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Final, Generic, TypeVar, cast

import orjson
from sqlalchemy.dialects import sqlite

from reconciler.domain.errors import InvalidError, PermanentError
from reconciler.domain.records import Page
from reconciler.storage.columns import Moment, json_text, storable
from reconciler.storage.cursor import Key, decode, encode
from reconciler.storage.listing import MOST, Listing
from reconciler.wire.kept import KeptObject

K = TypeVar("K")
T = TypeVar("T")

_ABSENT: Final = object()
_INTEGERS: Final = range(-(2**63), 2**63)
_MOMENT: Final = Moment()
_DIALECT: Final = sqlite.dialect()


@dataclass(slots=True)
class Journal:
    """What the transaction under way has changed."""

    reading: bool = False
    _before: list[tuple[dict[Any, Any], Any, Any]] = field(default_factory=list)

    def note(self, rows: dict[Any, Any], key: object) -> None:
        """Note what is under `key` now.

        Raises:
            PermanentError: this is a view.
        """
        self.refuse_view()
        self._before.append((rows, key, rows.get(key, _ABSENT)))

    def refuse_view(self) -> None:
        if self.reading:
            raise PermanentError("a transaction that reads cannot write")

    def take_back(self) -> None:
        """Leave everything as it was before the transaction."""
        for rows, key, value in reversed(self._before):
            if value is _ABSENT:
                rows.pop(key, None)
            else:
                rows[key] = value

    def begin(self, *, reading: bool) -> None:
        self._before.clear()
        self.reading = reading


@dataclass(slots=True)
class Table(Generic[K, T]):
    """Rows by key. A key that no database keeps is refused."""

    journal: Journal
    rows: dict[K, T]

    def get(self, key: K) -> T | None:
        return self.rows.get(_plain(key))

    def put(self, key: K, row: T) -> None:
        self.journal.note(self.rows, key)
        self.rows[key] = row

    def remove(self, key: K) -> bool:
        self.journal.note(self.rows, key)
        return self.rows.pop(key, _ABSENT) is not _ABSENT

    def remove_where(self, wanted: Callable[[T], bool]) -> int:
        """Remove every row that is `wanted`; return how many."""
        self.journal.refuse_view()
        return sum(self.remove(key) for key, row in tuple(self.rows.items()) if wanted(row))

    def where(self, wanted: Callable[[T], bool], order: Callable[[T], Any]) -> tuple[T, ...]:
        return tuple(sorted(filter(wanted, self.rows.values()), key=order))


def page_of(
    listing: Listing,
    rows: Iterable[T],
    key: Callable[[T], Key],
    cursor: str | None,
    limit: int,
) -> Page[T]:
    """Return the part of `rows` that is asked for, as `Listing.page` does.

    Raises:
        InvalidError: the cursor does not belong to this list, or no page can be that long.
    """
    if not 1 <= limit <= MOST:
        raise InvalidError(f"a page has 1 to {MOST} items, not {limit}")
    found = sorted(rows, key=key, reverse=listing.descending)
    if cursor is not None:
        last = decode(cursor, name=listing.name, kinds=listing.kinds)
        found = [row for row in found if (key(row) < last) is listing.descending]
        found = [row for row in found if key(row) != last]
    shown = tuple(found[:limit])
    return Page(shown, encode(listing.name, key(shown[-1])) if len(found) > limit else None)


def kept(record: T) -> T:
    """Return a record as a database gives it back.

    Raises:
        InvalidError: something in it cannot be kept.
    """
    changed = {}
    for name in _names(cast("Hashable", type(record))):
        value = getattr(record, name)
        again = _plain(value)
        if again is not value:
            changed[name] = again
    return replace(record, **changed) if changed else record  # type: ignore[type-var]


def moment(value: datetime) -> datetime:
    """Return a time in UTC.

    Raises:
        InvalidError: it has no zone.
    """
    found = _MOMENT.process_bind_param(value, _DIALECT)
    assert found is not None
    return found


@cache
def _names(kind: Hashable) -> tuple[str, ...]:
    return tuple(part.name for part in fields(cast("type[Any]", kind)))


def _plain(value: Any) -> Any:
    keep = _KEPT.get(type(value))
    if keep is not None:
        return keep(value)
    if isinstance(value, Mapping):
        return _object(value)
    return kept(value) if is_dataclass(value) else value


def _integer(value: int) -> int:
    if value not in _INTEGERS:
        raise InvalidError("a number beyond 64 bits cannot be kept")
    return value


def _several(values: tuple[Any, ...]) -> tuple[Any, ...]:
    again = tuple(map(_plain, values))
    same = all(new is old for new, old in zip(again, values, strict=True))
    return values if same else again


def _object(value: Mapping[str, Any]) -> Any:
    if isinstance(value, KeptObject):
        return value
    if any(map(is_dataclass, value.values())):
        return {storable(name): kept(part) for name, part in value.items()}
    return orjson.loads(json_text(value))


_KEPT: Final[Mapping[type[Any], Callable[[Any], Any]]] = {
    str: storable,
    int: _integer,
    tuple: _several,
    datetime: moment,
    dict: _object,
}
