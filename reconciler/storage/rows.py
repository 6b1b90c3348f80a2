"""Rows in and out: the few ways in which the collections touch their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import Any, Final, TypeVar, TypeVarTuple, cast

from sqlalchemy import Connection, Delete, Executable, Insert, Select, Table, Update
from sqlalchemy import Row as SqlRow
from sqlalchemy.dialects import postgresql, sqlite
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.storage.tables.row import Row

R = TypeVar("R")
T = TypeVar("T")
Ts = TypeVarTuple("Ts")
Values = Mapping[str, Any]

_CHUNK: Final = 500
_INSERTS: Final[Mapping[str, Callable[[Table], Any]]] = {
    "sqlite": sqlite.insert,
    "postgresql": postgresql.insert,
}
"""Both know the same upsert, by different classes of the same shape."""


@dataclass(frozen=True, slots=True)
class Rows:
    """The tables inside one transaction. What is read is as fresh as the last write in it.

    A row that is read has the columns of its class for attributes, but is no object of it:
    making those costs more than everything else a page needs.
    """

    connection: Connection

    def first(self, statement: SelectOfScalar[R], value: Callable[[R], T]) -> T | None:
        """Return the first row as a value, or None."""
        row = self.one(statement)
        return None if row is None else value(row)

    def every(self, statement: SelectOfScalar[R], value: Callable[[R], T]) -> tuple[T, ...]:
        """Return every row as a value."""
        return tuple(map(value, self.all(statement)))

    def one(self, statement: SelectOfScalar[R]) -> R | None:
        """Return the first row of a statement that asks for a class, or None."""
        return cast("R | None", self.connection.execute(statement).first())

    def all(self, statement: SelectOfScalar[R]) -> Sequence[R]:
        """Return every row of a statement that asks for a class."""
        return cast("Sequence[R]", self.connection.execute(statement).all())

    def scalar(self, statement: SelectOfScalar[R]) -> R | None:
        """Return the first value of a statement that asks for one column, or None."""
        return self.connection.execute(statement).scalars().first()

    def scalars(self, statement: SelectOfScalar[R]) -> Sequence[R]:
        """Return every value of a statement that asks for one column."""
        return self.connection.execute(statement).scalars().all()

    def tuples(self, statement: Select[*Ts]) -> Sequence[SqlRow[*Ts]]:
        """Return every row of a statement that asks for several columns."""
        return self.connection.execute(statement).all()

    def asked(self, statement: Executable, values: Values) -> Sequence[Any]:
        """Return every row of a statement with places for `values`."""
        return self.connection.execute(statement, values).all()

    @contextmanager
    def one_by_one(self, statement: Executable, values: Values) -> Iterator[Iterable[Any]]:
        """Ask the same for rows of which whoever asks may need only the first ones."""
        with closing(self.connection.execute(statement, values)) as rows:
            yield rows

    def put(self, table: type[Row] | Table, values: Sequence[Values]) -> None:
        """Write each over the row of the same primary key, if there is one."""
        self._insert(_upsert(table_of(table), self._dialect), values)

    def put_new(self, table: type[Row], values: Sequence[Values]) -> None:
        """Write each whose primary key is not there yet; leave the others as they are."""
        self._insert(_insert_new(table_of(table), self._dialect), values)

    def add(self, table: type[Row], values: Sequence[Values]) -> None:
        """Write rows that must not be there yet."""
        self._insert(table_of(table).insert(), values)

    def append(self, table: type[Row], values: Values) -> int:
        """Write one row into a numbered table; return its number."""
        done = self.connection.execute(table_of(table).insert(), values)
        key = done.inserted_primary_key
        return int(key[0]) if key else 0

    def change(self, statement: Update | Delete, values: Sequence[Values] | None = None) -> int:
        """Carry out `statement`, once or once for each of `values`; return how many rows."""
        if values is not None and not values:
            return 0
        return self.connection.execute(statement, values).rowcount

    @property
    def _dialect(self) -> str:
        return self.connection.dialect.name

    def _insert(self, statement: Insert, values: Sequence[Values]) -> None:
        if values:
            self.connection.execute(statement, values)


def chunks(items: Iterable[R]) -> Iterable[list[R]]:
    """Yield the items in lists short enough to be named in one statement."""
    rest = iter(items)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk


@cache
def _upsert(table: Table, dialect: str) -> Insert:
    statement = _INSERTS[dialect](table)
    keys = [column.name for column in table.primary_key]
    others = {
        column.name: statement.excluded[column.name]
        for column in table.columns
        if column.name not in keys
    }
    upsert: Insert = statement.on_conflict_do_update(index_elements=keys, set_=others)
    return upsert


@cache
def _insert_new(table: Table, dialect: str) -> Insert:
    keys = [column.name for column in table.primary_key]
    insert: Insert = _INSERTS[dialect](table).on_conflict_do_nothing(index_elements=keys)
    return insert


def table_of(row: type[Row] | Table) -> Table:
    """Return the table of a class. Statements of its columns are found again faster."""
    if isinstance(row, Table):
        return row
    table: Table = Row.metadata.tables[str(row.__tablename__)]
    return table
