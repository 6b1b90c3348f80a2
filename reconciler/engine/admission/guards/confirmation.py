"""Drift that is gone a moment later is not corrected unasked."""

from __future__ import annotations

from typing import Final

from reconciler.domain.records import FindingRecord
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold until a later scan saw each finding, `confirm_after` or more after the first."""
    if not situation.unasked:
        return Open()
    brief = [finding.address for finding in situation.findings if not _lasts(finding, situation)]
    if not brief:
        return Open()
    due = situation.remediation.created_at + situation.confirm_after
    seconds = situation.confirm_after.total_seconds()
    return Hold(
        f"a scan {seconds:g} s or more after the first must still find {brief[0]} drifted",
        due if due > situation.now else None,
        about=frozenset(brief),
    )


def _lasts(record: FindingRecord, situation: Situation) -> bool:
    # A clock that was set back since must not make one sight a lasting one.
    last_seen = min(record.last_seen, situation.now)
    seen_for = last_seen - situation.remediation.created_at
    return seen_for >= situation.confirm_after and last_seen > situation.remediation.created_at


GUARD: Final = Guard("confirmation", ask)
