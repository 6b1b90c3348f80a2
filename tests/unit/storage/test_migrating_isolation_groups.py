"""A database of the version before isolation groups, brought up to date with what is in it."""

from __future__ import annotations

from pathlib import Path

from reconciler.domain.policy import Driver
from reconciler.storage.sqlite import open_store
from tests.unit.storage.old_databases import filling


async def test_policies_and_remediations_keep_detaching(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0020") as raw:
        raw.execute(
            "INSERT INTO remediation_policies (policy_id, name, action_type, selection,"
            " drift_threshold, min_score, source, position, version, driver)"
            " VALUES ('p', 'isolate', 'quarantine', '{}', 1, 0, 'api', 0, 1, 'detach')"
        )
        raw.execute(
            "INSERT INTO remediations (id, stack, report_id, finding_ids, addresses, fingerprints,"
            " action_type, state, open, created_at, updated_at, version, requested_by, approvals,"
            " attempts) VALUES ('r', 's', 'x', '[]', '[]', '[]', 'quarantine', 'converged', 0,"
            " '2026-11-01 00:00:00.000000', '2026-11-01 00:00:00.000000', 1, 'ann', '[]', 0)"
        )
    store = await open_store(path)
    try:
        (policy,) = await store.read(lambda view: view.policies.all())
        assert (policy.driver, policy.isolation_group) == (Driver.DETACH, None)
        page = await store.read(lambda view: view.remediations.page())
        assert [kept.isolation_group for kept in page.items] == [None]
    finally:
        await store.close()
