"""A database of the version before alerts could be muted, with one in it, brought up to date."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine

from reconciler.domain.alerts import AlertId
from reconciler.storage.migrate import FOLDER
from reconciler.storage.sqlite import open_store


async def test_an_alert_of_before_is_not_muted(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    engine = create_engine(f"sqlite:///{path}")
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0015")
    engine.dispose()
    with closing(sqlite3.connect(path)) as raw, raw:
        raw.execute(
            "INSERT INTO alerts (id, cause, state, revision, severity, opened_at, changed_at,"
            " events) VALUES ('a1', 'c', 'open', 3, 2, '2026-11-01 10:00:00.000000',"
            " '2026-11-01 10:00:00.000000', '[]')"
        )
    store = await open_store(path)
    try:
        found = await store.read(lambda view: view.alerts.get_many([AlertId("a1")]))
        (alert,) = found.values()
        assert (alert.revision, alert.muted_at, alert.muted_by) == (3, None, None)
        page = await store.read(lambda view: view.alerts.page())
        assert page.items == (alert,)
    finally:
        await store.close()
