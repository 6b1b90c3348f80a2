"""Lists that are read page by page, each in one order, from where a cursor says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from sqlalchemy import bindparam, tuple_
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.errors import InvalidError
from reconciler.domain.records import Page
from reconciler.storage.cursor import Key, Kinds, decode, encode
from reconciler.storage.rows import Rows

MOST: Final = 10_000
"""The longest page."""

R = TypeVar("R")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which part of a list: from where `cursor` left it, `limit` items at most."""

    cursor: str | None
    limit: int


@dataclass(frozen=True, slots=True)
class Listing:
    """A list called `name`, sorted by `columns`, the last of which tells rows apart.

    `kinds` are the types of the columns.
    """

    name: str
    columns: tuple[Any, ...]
    kinds: Kinds
    descending: bool = True

    def page(
        self,
        rows: Rows,
        statement: SelectOfScalar[R],
        asked: Asked,
        *,
        value: Callable[[R], T],
        key: Callable[[R], Key],
    ) -> Page[T]:
        """Return the part of `statement` that is asked for.

        Raises:
            InvalidError: the cursor does not belong to this list, or no page can be that long.
        """
        found = rows.all(self.limited(statement, asked))
        shown = found[: asked.limit]
        more = encode(self.name, key(shown[-1])) if len(found) > asked.limit else None
        return Page(tuple(map(value, shown)), more)

    def limited(self, statement: SelectOfScalar[R], asked: Asked) -> SelectOfScalar[R]:
        """Return `statement` in order, from the cursor on, for one row more than is shown."""
        if not 1 <= asked.limit <= MOST:
            raise InvalidError(f"a page has 1 to {MOST} items, not {asked.limit}")
        if asked.cursor is not None:
            after = self._bound(decode(asked.cursor, name=self.name, kinds=self.kinds))
            here = tuple_(*self.columns)
            statement = statement.where(here < after if self.descending else here > after)
        order = [column.desc() if self.descending else column.asc() for column in self.columns]
        return statement.order_by(*order).limit(asked.limit + 1)

    def _bound(self, key: Key) -> Any:
        pairs = zip(key, self.columns, strict=True)
        return tuple_(*(bindparam(None, part, type_=column.type) for part, column in pairs))
