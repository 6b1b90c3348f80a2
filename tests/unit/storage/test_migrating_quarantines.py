"""A database of the version before quarantines, brought up to date with what is in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from reconciler.domain.edges import Edge
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import Quarantine, QuarantineState
from reconciler.domain.records import FindingId, RemediationId
from reconciler.storage.sqlite import open_store
from tests.unit.storage.old_databases import filling

AT = datetime(2026, 11, 1, tzinfo=UTC)
EDGE = Edge(ResourceAddress("edge"), "thing", ResourceAddress("vm"))
KEPT = Quarantine(
    id=RemediationId("r"),
    stack=StackName("shop"),
    finding_ids=(FindingId("f"),),
    edges=(EDGE,),
    undo={"edge": {"port": 80}},
    state=QuarantineState.ACTIVE,
    since=AT,
    expires_at=AT + timedelta(hours=4),
)


async def test_quarantines_join_a_database_that_holds_something(tmp_path: Path) -> None:
    path = tmp_path / "trueup.db"
    with filling(path, "0015") as raw:
        raw.execute(
            "INSERT INTO remediation_policies (policy_id, name, action_type, selection,"
            " drift_threshold, min_score, source, position, version)"
            " VALUES ('p', 'isolate', 'quarantine', '{}', 1, 0, 'api', 0, 1)"
        )
    store = await open_store(path)
    try:
        (policy,) = await store.read(lambda view: view.policies.all())
        assert (policy.action_type, policy.driver) == (ActionType.QUARANTINE, None)
        assert policy.edges is None
        await store.transact(lambda tx: tx.quarantines.put(KEPT))
        assert await store.read(lambda view: view.quarantines.get(KEPT.id)) == KEPT
        assert await store.read(lambda view: view.quarantines.unreleased()) == (KEPT,)
        assert await store.read(lambda view: view.quarantines.unreleased(StackName("x"))) == ()
        page = await store.read(lambda view: view.quarantines.page(open_only=True))
        assert page.items == (KEPT,)
        gone = await store.transact(lambda tx: tx.retention.prune(now=AT + timedelta(days=900)))
        assert gone["quarantines"] == 0
    finally:
        await store.close()
