"""What a scan makes of edges that are detached: no drift, and no secret that one came back."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime

from reconciler.domain.model import StackReport
from reconciler.domain.quarantines import Quarantine, QuarantineState, absent_on_purpose
from reconciler.engine.quarantine.keeping import tell
from reconciler.engine.quarantine.reading import attached
from reconciler.engine.scanned import Scanned
from reconciler.stores import Transaction


def without_detached(report: StackReport, quarantines: Iterable[Quarantine]) -> StackReport:
    """Return `report` without what is absent on purpose; that counts as not applicable."""
    detached = {address for known in quarantines for address in known.addresses}
    if not detached:
        return report
    kept = tuple(finding for finding in report.findings if not absent_on_purpose(finding, detached))
    count, counts = len(report.findings) - len(kept), report.counts
    return replace(
        report,
        findings=kept,
        counts=replace(
            counts,
            missing=counts.missing - count,
            not_applicable=counts.not_applicable + count,
        ),
    )


def note_reconnected(
    tx: Transaction, quarantines: Collection[Quarantine], seen: Scanned, *, at: datetime
) -> None:
    """Note each quarantine of which an edge is there again that nobody released.

    An edge that cannot be read may be there or not: what is noted of its quarantine stays.
    """
    unread = {address for address, _ in seen.report.unreadable}
    for known in quarantines:
        back = [address for address in attached(known, seen) if address not in unread]
        if known.state is not QuarantineState.ACTIVE or (known.reconnected_at is not None) == bool(
            back
        ):
            continue
        if not back and not unread.isdisjoint(known.addresses):
            continue
        note = f"{back[0]} is attached again, by an apply that trueup did not run" if back else None
        tell(
            tx, replace(known, reconnected_at=at if back else None, note=note),
            "reconnected" if back else "active", at=at,
        )  # fmt: skip
