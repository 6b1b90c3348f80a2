"""Databases as earlier versions left them."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from reconciler.storage.migrate import FOLDER


def migrate_to(path: Path, revision: str) -> None:
    """Make the database that a version of that revision left."""
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    engine.dispose()


@contextmanager
def filling(path: Path, revision: str) -> Iterator[sqlite3.Connection]:
    """Make a database of `revision` at `path`, and commit what is written into it."""
    migrate_to(path, revision)
    with closing(sqlite3.connect(path)) as raw, raw:
        yield raw
