"""Runs the migrations of this package on a database that is behind."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, inspect

from reconciler.domain.errors import StorageError
from reconciler.storage.migrate import FOLDER


def upgrade(connection: Connection, *, path: Path) -> None:
    """Bring the database at `path` up to date, inside the transaction of `connection`.

    Raises:
        StorageError: a newer version of trueup wrote it, or something else did.
    """
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    scripts = ScriptDirectory.from_config(config)
    present = MigrationContext.configure(connection).get_current_heads()
    _refuse_newer(present, scripts, path)
    if not present:
        _refuse_foreign(connection, path)
    command.upgrade(config, "head")


def _refuse_newer(present: tuple[str, ...], scripts: ScriptDirectory, path: Path) -> None:
    known = {script.revision for script in scripts.walk_revisions()}
    unknown = sorted(set(present) - known)
    if unknown:
        raise StorageError(
            f"{path} was written by a newer version of trueup: it has schema"
            f" {', '.join(unknown)}, and this version knows {', '.join(scripts.get_heads())}",
            remedy="start that version again, or put back a copy from before it",
        )


def _refuse_foreign(connection: Connection, path: Path) -> None:
    tables = inspect(connection).get_table_names()
    if tables:
        raise StorageError(
            f"{path} is a database of another program: it contains {', '.join(sorted(tables)[:3])}",
            remedy="name another data_dir, or move the file away",
        )
