"""A new database is made at once, and is what the migrations come to."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from reconciler.storage.sqlite import open_store
from reconciler.storage.tables.row import Row
from tests.unit.storage.database_contents import rows_of, schema_of
from tests.unit.storage.old_databases import migrate_to


@pytest.fixture(scope="module")
def migrated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database that went through every migration; for looking at only."""
    path = tmp_path_factory.mktemp("migrated") / "trueup.db"
    migrate_to(path, "head")
    return path


async def test_the_migrations_make_what_a_new_database_has(migrated: Path, tmp_path: Path) -> None:
    new = tmp_path / "trueup.db"
    await (await open_store(new)).close()
    assert schema_of(new) == schema_of(migrated)
    triggers = {"audit_is_kept", "audit_is_never_changed", "audit_is_never_replaced"}
    assert triggers < {*schema_of(new)}
    assert rows_of(new) == rows_of(migrated)


def test_alembic_finds_nothing_left_to_do(migrated: Path) -> None:
    engine = create_engine(f"sqlite:///{migrated}")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Row.metadata) == []
    engine.dispose()


async def test_a_new_database_that_cannot_be_made_whole_is_left_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "trueup.db"
    wrong = {"audit_is_kept": "BEFORE DELETE ON nothing BEGIN SELECT 1; END"}
    monkeypatch.setattr("reconciler.storage.new_database._AUDIT_TRIGGERS", wrong)
    with pytest.raises(OperationalError, match="nothing"):
        await open_store(path)
    assert schema_of(path) == {}
    monkeypatch.undo()
    await (await open_store(path)).close()
    assert "audit_is_kept" in schema_of(path)
