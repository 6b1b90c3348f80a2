"""How a value of the domain lies in a column, the same on every database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final

import orjson
from sqlalchemy import DateTime, Dialect, Text
from sqlalchemy.types import TypeDecorator

from reconciler.domain.errors import InvalidError
from reconciler.wire.kept import KeptObject, plain

_MOMENT: Final = "%04d-%02d-%02d %02d:%02d:%02d.%06d"


class PlainText(TypeDecorator[str]):
    """Text that every database keeps as it is; what only some would take is refused."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Let `value` pass.

        Raises:
            InvalidError: it holds a NUL or half a surrogate pair.
        """
        return None if value is None else storable(value)


class Moment(TypeDecorator[datetime]):
    """A moment, kept in UTC and handed back with its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Turn `value` to UTC.

        Raises:
            InvalidError: it has no zone, so nobody knows which moment it is.
        """
        return None if value is None else _in_utc(value)

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any] | None:
        """Return what turns a moment into what the driver takes."""
        # SQLAlchemy's own way of writing SQLite's text takes five times as long as isoformat.
        return moment_text if dialect.name == "sqlite" else super().bind_processor(dialect)

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,  # noqa: ARG002
    ) -> datetime | None:
        """Give the zone back that SQLite cannot keep."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)

    def result_processor(
        self, dialect: Dialect, coltype: object
    ) -> Callable[[Any], datetime | None] | None:
        """Return what gives the moment of a column's value."""
        # Every row has a few; giving the zone afterwards takes six times as long.
        if dialect.name == "sqlite":
            return _read_text
        return super().result_processor(dialect, coltype)


class JsonText(TypeDecorator[Any]):
    """A JSON value as text: what goes in comes out, tuples as lists."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Write `value` as JSON.

        Raises:
            InvalidError: it is no JSON, such as half a surrogate pair or a number beyond
                64 bits.
        """
        return None if value is None else json_text(value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read it back."""
        return None if value is None else orjson.loads(value)


class JsonObjectText(JsonText):
    """A JSON object as text, read only where somebody looks into it."""

    cache_ok = True

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002
        """Read it back."""
        return None if value is None else KeptObject(value)


def _in_utc(value: datetime) -> datetime:
    if value.tzinfo is UTC:
        return value
    if value.tzinfo is None:
        raise InvalidError(f"the time {value.isoformat()} has no zone")
    try:
        return value.astimezone(UTC)
    except OverflowError as error:
        raise InvalidError(f"the time {value.isoformat()} is beyond the calendar") from error


def moment_text(value: datetime | None) -> str | None:
    """Return a moment as SQLite keeps it.

    Raises:
        InvalidError: it has no zone.
    """
    if value is None:
        return None
    at = _in_utc(value)
    # Twice as fast as isoformat, which asks for the zone's offset only to have it cut off.
    return _MOMENT % (at.year, at.month, at.day, at.hour, at.minute, at.second, at.microsecond)


def _read_text(value: str | None) -> datetime | None:
    return None if value is None else datetime.fromisoformat(f"{value}+00:00")


def json_text(value: Any) -> str:
    """Return `value` as JSON text; what was kept already is kept as it is.

    Raises:
        InvalidError: JSON has no word for something in it.
    """
    if isinstance(value, KeptObject):
        return value.text
    try:
        return orjson.dumps(value, default=plain).decode()
    except (TypeError, RecursionError) as error:
        raise InvalidError(f"this cannot be kept as JSON: {error}") from error


def storable(text: str) -> str:
    """Return `text` if every database can keep it.

    Raises:
        InvalidError: it holds a NUL or half a surrogate pair.
    """
    if "\0" in text:
        raise InvalidError("a text with a NUL character cannot be kept")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError as error:
            raise InvalidError("a text with half a surrogate pair cannot be kept") from error
    return text
