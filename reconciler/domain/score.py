"""How much a finding weighs, from 0 to 100: what a policy's `min_score` is held against."""

from __future__ import annotations

from typing import Final

from reconciler.domain.model import Finding, Kind, Severity

BASE: Final = {Severity.LOW: 20, Severity.MEDIUM: 45, Severity.HIGH: 70, Severity.CRITICAL: 90}
_MOST_FOR_CHANGES: Final = 5
_FOR_REPLACING: Final = 4
MOST_WITHIN: Final = 9
"""What a finding may weigh more than the lightest of its severity."""


def score(finding: Finding) -> int:
    """Return its weight: the severity decides, and severities never overlap.

    Within one severity more changed attributes weigh more, as does a correction that
    replaces the resource; nothing weighs more than a resource that is gone.
    """
    return BASE[finding.severity] + _within(finding)


def _within(finding: Finding) -> int:
    if finding.kind is Kind.MISSING:
        return MOST_WITHIN
    changes = min(len(finding.changes), _MOST_FOR_CHANGES)
    return changes + (_FOR_REPLACING if finding.requires_replace else 0)
