"""What drifted, in a word."""

from __future__ import annotations

from reconciler.domain.model import Drifted, Verdict


def paths(verdict: Verdict) -> list[str]:
    assert isinstance(verdict, Drifted), verdict
    return [change.path for change in verdict.changes]
