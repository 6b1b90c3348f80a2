"""Which of our own applies a scan has to know of: those that nothing was seen since."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from reconciler.engine.own_plans import planned_since_scan
from reconciler.stores import Transaction
from tests.contract.store.records import NOW, a_remediation, a_run, a_stack
from tests.memory_store.store import MemoryStore, no_data

_LATER = NOW + timedelta(minutes=1)
_PLAN = {
    "digest": "d",
    "resources": [
        {
            "address": "thing.a",
            "action": "update",
            "changes": [
                {"path": "size", "before": 9, "after": 1},
                {"path": "serial", "before": "1", "after": {"unknown": True}},
            ],
        }
    ],
}


@pytest.mark.parametrize(
    ("run", "stack", "expected"),
    [
        pytest.param({}, {}, ["thing.a"], id="the daemon died in its apply"),
        pytest.param({}, {"last_scan_at": _LATER}, [], id="a scan saw it"),
        pytest.param({"plan_digest": "other"}, {}, [], id="another plan was made since"),
        pytest.param(
            {},
            {"last_scan_at": _LATER, "verified_at": NOW, "error": "no answer"},
            ["thing.a"],
            id="the scan since saw nothing",
        ),
        pytest.param(
            {},
            {
                "last_scan_at": NOW + timedelta(days=3),
                "verified_at": NOW,
                "error": "no answer",
                "error_since": NOW + timedelta(days=2),
            },
            [],
            id="incomplete scans saw it before those that saw nothing",
        ),
        pytest.param({}, {"serial": 7}, [], id="nothing was written to the state since"),
        pytest.param({}, {"serial": 6}, ["thing.a"], id="something was"),
    ],
)
async def test_an_apply_counts_until_a_scan_has_seen_what_it_left(
    run: dict[str, Any], stack: dict[str, Any], expected: list[str]
) -> None:
    store = MemoryStore(no_data())

    def work(tx: Transaction) -> list[str]:
        tx.remediations.add(a_remediation("m1", plan=_PLAN))
        tx.runs.put(a_run(started_at=NOW + timedelta(seconds=1), **{"plan_digest": "d", **run}))
        return [*planned_since_scan(tx, a_stack(**stack), serial=7)]

    assert await store.transact(work) == expected
