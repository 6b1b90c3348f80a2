"""Reads what the daemon knows around one finding, for its `why` tab."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from reconciler.client.errors import ReconcilerError
from reconciler.client.proposals import writer_of
from reconciler.wire.alerts import Alert
from reconciler.wire.audit import AuditEntry
from reconciler.wire.findings import Finding
from reconciler.wire.holds import Hold, is_about
from reconciler.wire.remediations import Remediation
from reconciler.wire.reports import Report
from tui.lines.why import Background
from tui.session import Session
from tui.store.related import related_to

_MOST_REPORTS: Final = 500
_MOST_NOTES: Final = 50
_NOTES: Final = frozenset({"finding.comment", "finding.ack", "finding.assign"})


async def read_background(session: Session, finding: Finding) -> Background:
    """Return what is known around `finding`; what could not be read is named in `error`."""
    store = session.store
    row = store.rows.get(finding.id)
    reports: Sequence[Report] | None = None
    holds: Sequence[Hold] = ()
    notes: Sequence[AuditEntry] = ()
    alert: Alert | None = None
    error = ""
    try:
        reports = await _reports(session, finding)
        every = await session.client.hold.all()
        place = {"stack": finding.stack, "address": finding.address}
        holds = [hold for hold in every if is_about(hold, **place)]
        notes = await _notes(session, finding)
        alert = await _alert(session, finding)
    except ReconcilerError as refused:
        error = f"not everything could be read: {refused}"
    return Background(
        proposal=store.proposals.of(finding, now=datetime.now(UTC)),
        writer=writer_of(finding),
        remediations=remediations_of(session, finding.id),
        relations=related_to(row, store.rows.values()) if row is not None else (),
        holds=holds,
        reports=reports,
        notes=notes,
        alert=alert,
        error=error,
    )


def remediations_of(session: Session, finding_id: str) -> list[Remediation]:
    """Return the remediations of a finding that the store has, the newest first."""
    found = (each for each in session.store.remediations.values() if finding_id in each.finding_ids)
    return sorted(found, key=lambda each: each.created_at, reverse=True)


async def _reports(session: Session, finding: Finding) -> Sequence[Report]:
    page = await session.client.reports.page(limit=_MOST_REPORTS, resource_id=finding.resource_id)
    return page.items


async def _notes(session: Session, finding: Finding) -> Sequence[AuditEntry]:
    page = await session.client.audit.page(limit=_MOST_NOTES, subject=finding.id)
    found = [entry for entry in page.items if entry.action in _NOTES]
    return sorted(found, key=lambda entry: entry.seq, reverse=True)


async def _alert(session: Session, finding: Finding) -> Alert | None:
    async for alert in session.client.alerts.each(state="open"):
        if finding.id in alert.finding_ids:
            return alert
    return None
