"""Looking for a piece of text, in either case, as each database does it fastest."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from reconciler.domain.errors import InvalidError
from reconciler.storage.columns import PlainText

LONGEST: Final = 1_000
"""SQLite takes patterns of 50,000 bytes at most, and nobody looks for so much."""


class Holds(FunctionElement[bool]):
    """Whether a column holds a pattern of `LIKE`, whatever the case of its letters."""

    type = Boolean()
    inherit_cache = True


def holds(column: ColumnElement[str], part: str) -> ColumnElement[bool]:
    """Say that `part`, taken literally, stands in `column`, in either case.

    Raises:
        InvalidError: `part` is too long to look for.
    """
    if len(part) > LONGEST:
        raise InvalidError(f"a text to look for has at most {LONGEST:,} characters")
    literally = part.replace("/", "//").replace("%", "/%").replace("_", "/_")
    return Holds(column, literal(f"%{literally}%", PlainText()))


@compiles(Holds)
def _elsewhere(element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    return _like("ILIKE", element, compiler, **kw)


@compiles(Holds, "sqlite")
def _in_sqlite(element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    # Its LIKE minds no case of ASCII letters, at a third of what lower() on both sides costs.
    return _like("LIKE", element, compiler, **kw)


def _like(word: str, element: Holds, compiler: SQLCompiler, **kw: Any) -> str:
    column, pattern = (compiler.process(part, **kw) for part in element.clauses)
    return f"{column} {word} {pattern} ESCAPE '/'"
