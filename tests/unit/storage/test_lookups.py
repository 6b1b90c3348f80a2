"""What the engine asks at every scan is looked up, never searched for."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import event

from reconciler.domain.model import ResourceAddress
from reconciler.domain.records import FindingId, RemediationId, ReportId, RunId, TemplateId
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import SCAN
from reconciler.storage.sqlite import open_store
from reconciler.storage.store import SqlStore
from reconciler.stores import Transaction
from tests.contract.store.records import NOW, WEBSHOP

_LOOKUPS: Final[dict[str, Callable[[Transaction], object]]] = {
    "a stack": lambda t: t.stacks.get(WEBSHOP),
    "a template": lambda t: t.templates.get(TemplateId("t")),
    "the template of a resource": lambda t: t.templates.of_resource("webshop/a"),
    "the templates of a stack": lambda t: t.templates.of_stack(WEBSHOP),
    "uploaded templates": lambda t: t.templates.uploaded(),
    "revisions": lambda t: t.templates.revisions(TemplateId("t")),
    "a finding": lambda t: t.findings.get(FindingId("f")),
    "findings": lambda t: t.findings.get_many([FindingId("f"), FindingId("g")]),
    "what is not healed": lambda t: t.findings.unhealed(WEBSHOP),
    "what is not healed at an address": lambda t: t.findings.unhealed_by(
        SCAN, WEBSHOP, ResourceAddress("a")
    ),
    "who acknowledged findings": lambda t: t.audit.acknowledged([FindingId("f")], since=NOW),
    "the tally": lambda t: t.findings.tally(),
    "what is suppressed": lambda t: t.findings.suppressed(),
    "a report": lambda t: t.reports.get(ReportId("r")),
    "a remediation": lambda t: t.remediations.get(RemediationId("m")),
    "open ones of a stack": lambda t: t.remediations.open_of(WEBSHOP),
    "the open one of a finding": lambda t: t.remediations.open_with(FindingId("f")),
    "those in states": lambda t: t.remediations.in_states(
        [RemediationState.QUEUED, RemediationState.HELD]
    ),
    "those due": lambda t: t.remediations.due(NOW),
    "those expired": lambda t: t.remediations.expired(NOW),
    "a run": lambda t: t.runs.get(RunId("r")),
    "started runs": lambda t: t.runs.started(),
    "later events": lambda t: t.events.after(5),
    "the bounds of events": lambda t: t.events.bounds(),
    "a token": lambda t: t.tokens.get("k"),
    "a replay": lambda t: t.replays.get("key", "k"),
    "the hold": lambda t: t.holds.get(),
}


@pytest.mark.parametrize("name", _LOOKUPS)
async def test_a_lookup_scans_no_table(tmp_path: Path, name: str) -> None:
    path = tmp_path / "trueup.db"
    asked: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, text: str, values: Any, *_rest: Any) -> None:
        if text.startswith("SELECT"):
            asked.append((text, values))

    store = await open_store(path)
    assert isinstance(store, SqlStore)
    event.listen(store._reader, "before_cursor_execute", note)
    await store.read(_LOOKUPS[name])
    await store.close()
    assert asked
    with closing(sqlite3.connect(path)) as connection:
        for text, values in asked:
            steps = connection.execute(f"EXPLAIN QUERY PLAN {text}", values).fetchall()
            assert not [step for step in steps if step[-1].startswith("SCAN")], steps
