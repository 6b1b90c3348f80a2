"""A table that has a column for each field of a value of the domain, and the way between both.

For values that are kept as they are: a field that joins one needs a migration, and no line here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, is_dataclass
from datetime import datetime
from enum import Enum, IntEnum
from typing import Any, Final, Generic, TypeVar, cast, get_origin

from sqlalchemy import Boolean, Column, Float, Integer, Table
from sqlalchemy.types import TypeEngine

from reconciler.storage.columns import JsonText, Moment, PlainText
from reconciler.storage.tables.row import Row
from reconciler.wire.model import hints_of, is_union, present

D = TypeVar("D")
_TYPES: Final[Mapping[type, type[TypeEngine[Any]]]] = {
    bool: Boolean,
    int: Integer,
    float: Float,
    datetime: Moment,
}


class DerivedTable(Generic[D]):
    """The table `name` of values of the class `value`, which `key` tells apart."""

    def __init__(self, name: str, value: type[D], *, key: str) -> None:
        self._value = value
        self._kinds = {name: _kind(hint) for name, hint in hints_of(value).items()}
        self._names = tuple(field.name for field in fields(cast("Any", value)))
        self.table = Table(
            name, Row.metadata, *(self._column(name, key=key) for name in self._names)
        )

    def _column(self, name: str, *, key: str) -> Column[Any]:
        nullable = is_union(hints_of(self._value)[name])
        kind = _column_type(self._kinds[name])
        return Column(name, kind, primary_key=name == key, nullable=nullable)

    def row_of(self, value: D) -> dict[str, Any]:
        """Return `value` as its row is written."""
        return {name: _written(getattr(value, name)) for name in self._names}

    def value_of(self, row: Any) -> D:
        """Return the value of a row."""
        return self._value(
            **{name: _reader(self._kinds[name])(getattr(row, name)) for name in self._names}
        )


def _kind(hint: Any) -> Any:
    kind = present(hint)
    return getattr(kind, "__supertype__", kind)


def _column_type(kind: Any) -> type[TypeEngine[Any]]:
    if is_dataclass(kind) or get_origin(kind) is tuple:
        return JsonText
    if issubclass(kind, IntEnum):
        return Integer
    return _TYPES.get(kind, PlainText)


def _written(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        # What is not given is not kept, so a part that joins later needs no migration.
        return {name: part for name, part in asdict(value).items() if part is not None}
    return value


def _reader(kind: Any) -> Callable[[Any], Any]:
    if is_dataclass(kind):
        return lambda parts: _object(kind, parts)
    if get_origin(kind) is tuple:
        return lambda value: None if value is None else tuple(value)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: None if value is None else kind(value)
    return lambda value: value


def _object(kind: Any, parts: Mapping[str, Any]) -> Any:
    hints = hints_of(kind)
    return kind(**{name: _reader(_kind(hints[name]))(part) for name, part in parts.items()})
