"""A database of the version before alerts could be muted, with one in it, brought up to date."""

from __future__ import annotations

from pathlib import Path

from reconciler.domain.alerts import AlertId
from reconciler.storage.sqlite import open_store
from tests.unit.storage.old_databases import filling


async def test_an_alert_of_before_is_not_muted(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0015") as raw:
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
