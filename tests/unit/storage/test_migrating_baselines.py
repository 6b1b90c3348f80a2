"""A populated database of the version before baselines, brought up to date."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.domain.errors import ConflictError
from reconciler.domain.kept_baseline import KeptBaseline
from reconciler.domain.model import Origin
from reconciler.domain.records import FindingId
from reconciler.storage.sqlite import open_store
from tests.contract.store.records import NOW, WEBSHOP, a_finding
from tests.unit.storage.old_databases import filling

_INSERT = (
    "INSERT INTO findings (id, stack, address, type, kind, severity, score, origin, fingerprint,"
    " state, first_seen, last_seen, times_seen, report_id, seen_by, acted_on, details)"
    " VALUES ('old', 'webshop', 'a.b', 'a', 'changed', 2, 50, ?, 'f', 'open', ?, ?, 1, 'r',"
    " 'scan', 0, '{}')"
)
_AT = "2026-11-01 10:00:00.000000"


@pytest.mark.parametrize("origin", ["out_of_band", None])
async def test_findings_stay_and_have_room_for_an_undeclared_one(
    tmp_path: Path, origin: str | None
) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0010") as raw:
        raw.execute(_INSERT, (origin, _AT, _AT))

    store = await open_store(path)
    try:
        old = await store.read(lambda view: view.findings.get(FindingId("old")))
        assert old is not None
        beside = replace(a_finding("new", address="a.b"), kind=old.kind, origin=Origin.UNDECLARED)
        await store.transact(lambda tx: tx.findings.put_many([beside]))
        for other in (beside, replace(beside, origin=Origin.BOTH)):
            third = replace(other, id=FindingId("third"))
            with pytest.raises(ConflictError):
                await store.transact(lambda tx, one=third: tx.findings.put_many([one]))  # type: ignore[misc]
        kept = KeptBaseline("a.b", "i", "m", {"x": 1}, NOW)
        await store.transact(lambda tx: tx.baselines.put_many(WEBSHOP, [kept]))
    finally:
        await store.close()
