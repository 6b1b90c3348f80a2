from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Select, create_engine
from sqlalchemy.dialects import sqlite

from reconciler.domain.model import Kind, Severity
from reconciler.domain.records import FindingFilter, FindingState
from reconciler.domain.remediation_states import RemediationState
from reconciler.storage import findings, journal, remediations, reports, runs, templates
from reconciler.storage.cursor import encode
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.sqlite import open_store
from tests.contract.store.records import NOW

_AFTER_FINDING = (2, 47, NOW, "f1")
_AFTER_MOMENT = (NOW, "x")
_OPEN = FindingState.OPEN
_LISTS: dict[str, tuple[Listing, Any, tuple[Any, ...]]] = {
    "findings": (findings.LISTING, findings.page_statement(FindingFilter()), _AFTER_FINDING),
    "findings that are open": (
        findings.LISTING,
        findings.page_statement(FindingFilter(state=_OPEN)),
        _AFTER_FINDING,
    ),
    "findings of a stack": (
        findings.LISTING,
        findings.page_statement(FindingFilter(stack="s")),
        _AFTER_FINDING,
    ),
    "open findings of a stack": (
        findings.LISTING,
        findings.page_statement(FindingFilter(stack="s", state=_OPEN)),
        _AFTER_FINDING,
    ),
    "grave findings of a kind": (
        findings.LISTING,
        findings.page_statement(FindingFilter(min_severity=Severity.HIGH, kind=Kind.MISSING)),
        _AFTER_FINDING,
    ),
    "reports": (reports.LISTING, reports.page_statement(), _AFTER_MOMENT),
    "reports of a resource": (
        reports.LISTING,
        reports.page_statement(resource_id="s/a", since=NOW),
        _AFTER_MOMENT,
    ),
    "reports of a template": (
        reports.LISTING,
        reports.page_statement(template_id="t"),
        _AFTER_MOMENT,
    ),
    "templates": (templates.LISTING, templates.page_statement(), ("t",)),
    "templates of a stack": (templates.LISTING, templates.page_statement(stack="s"), ("t",)),
    "templates of a type": (
        templates.LISTING,
        templates.page_statement(resource_type="aws_sqs_queue"),
        ("t",),
    ),
    "remediations": (remediations.LISTING, remediations.page_statement(), _AFTER_MOMENT),
    "open remediations": (
        remediations.LISTING,
        remediations.page_statement(open_only=True),
        _AFTER_MOMENT,
    ),
    "remediations in a state": (
        remediations.LISTING,
        remediations.page_statement(state=RemediationState.HELD),
        _AFTER_MOMENT,
    ),
    "remediations of a stack": (
        remediations.LISTING,
        remediations.page_statement(stack="s"),
        _AFTER_MOMENT,
    ),
    "runs": (runs.LISTING, runs.page_statement(), _AFTER_MOMENT),
    "runs of a stack": (runs.LISTING, runs.page_statement(stack="s"), _AFTER_MOMENT),
    "runs of a remediation": (
        runs.LISTING,
        runs.page_statement(remediation_id="m"),
        _AFTER_MOMENT,
    ),
    "audit": (journal.AUDIT, journal.audit_statement(), (1,)),
    "audit of a subject": (journal.AUDIT, journal.audit_statement(subject="m"), (1,)),
}


@pytest.mark.parametrize("name", _LISTS)
async def test_a_page_is_read_in_order_from_an_index(tmp_path: Path, name: str) -> None:
    path = tmp_path / "trueup.db"
    await (await open_store(path)).close()
    listing, statement, after = _LISTS[name]
    for cursor in (None, encode(listing.name, after)):
        steps = _plan(path, listing.limited(statement, Asked(cursor, 100)))
        assert len(steps) == 1, steps
        assert "TEMP B-TREE" not in steps[0]
        # A scan in an index's order ends with the page; after a cursor even its start is known.
        assert steps[0].startswith("SEARCH" if cursor else ("SEARCH", "SCAN")), steps


def _plan(path: Path, statement: Select[Any]) -> list[str]:
    engine = create_engine(f"sqlite:///{path}")
    text = str(statement.compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True}))
    with engine.connect() as connection:
        rows = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {text}").all()
    engine.dispose()
    return [row[-1] for row in rows]
