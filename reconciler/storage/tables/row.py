"""Common ground of all tables.

A change to a table needs a migration: a test compares both. `docs/storage.md` says what each
is for, and what is asked of it, and so which indices it needs, stands in its collection.
"""

from __future__ import annotations

from typing import ClassVar, Final

from sqlalchemy import MetaData
from sqlmodel import SQLModel

NAMES: Final = {"pk": "pk_%(table_name)s", "fk": "fk_%(table_name)s_%(column_0_name)s"}


class Row(SQLModel):
    """One row of a table; what is read from it becomes a value of the domain at once."""

    metadata: ClassVar[MetaData] = MetaData(naming_convention=NAMES)
