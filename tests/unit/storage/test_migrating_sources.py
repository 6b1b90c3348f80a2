"""A database of the version before sources, brought up to date with what is in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.domain.records import FindingFilter
from reconciler.storage.sqlite import open_store
from reconciler.stores import Transaction
from tests.contract.store.records import an_audit_entry
from tests.unit.storage.old_databases import filling

_AT = "2026-11-01 10:00:00.000000"
_FINDINGS = (
    ("by-scan", "r-scan", "open"),
    ("by-ci", "r-ci", "open"),
    ("by-lost", "r-lost", "open"),
    ("once-reported", "r-changed", "open"),
    ("healed", "r-healed", "healed"),
)
_REPORTS = (
    ("r-scan", "detected"),
    ("r-ci", "reported"),
    ("r-lost", "reported"),
    ("r-changed", "changed"),
    ("r-healed", "healed"),
)


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of schema 0003 with findings of scans and of others."""
    path = tmp_path / "trueup.db"
    with filling(path, "0003") as raw:
        raw.executemany(
            "INSERT INTO findings VALUES (:name, 'shop', 'thing.' || :name, 'thing', 'changed', 2,"
            " 47, NULL, 'f', :state, :at, :at, 1, :report, NULL, 1, NULL, '{}')",
            [
                {"name": name, "report": report, "state": state, "at": _AT}
                for name, report, state in _FINDINGS
            ],
        )
        raw.executemany(
            "INSERT INTO drift_reports VALUES"
            " (:report, 'shop/thing', NULL, :at, 'f', 'shop', :event, '{}')",
            [{"report": report, "event": event, "at": _AT} for report, event in _REPORTS],
        )
        raw.execute(
            "INSERT INTO audit (at, actor, action, subject, details) VALUES"
            " (?, 'ci', 'drift.reported', 'shop/thing', ?)",
            (_AT, '{"report_id": "r-ci"}'),
        )
    return path


async def test_audit_rows_of_before_say_no_kind_and_keep_their_numbers(old: Path) -> None:
    store = await open_store(old)
    try:
        await store.transact(lambda t: t.audit.append(an_audit_entry()))
        page = await store.read(lambda t: t.audit.page())
    finally:
        await store.close()
    assert [(one.seq, one.actor, one.actor_kind) for one in page.items] == [
        (2, "ada", None),
        (1, "ci", None),
    ]


async def test_each_row_gets_the_source_that_is_recorded_about_it(old: Path) -> None:
    store = await open_store(old)
    try:
        findings = await store.read(_sources_of_findings)
        reports = await store.read(_sources_of_reports)
    finally:
        await store.close()
    assert findings == {
        "by-scan": "scan",
        "by-ci": "report:ci",
        "by-lost": "report:unknown",
        "once-reported": "scan",
        "healed": "scan",
    }
    assert reports == {
        "r-scan": "scan",
        "r-ci": "report:ci",
        "r-lost": "report:unknown",
        "r-changed": "scan",
        "r-healed": "scan",
    }


def _sources_of_findings(view: Transaction) -> dict[str, str]:
    return {finding.id: finding.seen_by for finding in view.findings.page(FindingFilter()).items}


def _sources_of_reports(view: Transaction) -> dict[str, str]:
    return {report.report_id: report.seen_by for report in view.reports.page().items}
