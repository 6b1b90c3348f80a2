"""What happened over a span of time, for reports on it."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from reconciler.domain.fleet_report import PastDrift, PastRemediation


class History(Protocol):
    """What happened, without the values of any finding."""

    def drifts(self, since: datetime) -> tuple[PastDrift, ...]:
        """Return the findings that began, healed or were open since then."""
        ...

    def scans(self, since: datetime) -> dict[str, list[datetime]]:
        """Return when scans of each stack ended since then, in order."""
        ...

    def remediations(self, since: datetime) -> tuple[PastRemediation, ...]:
        """Return those made since then or of such findings, oldest first; `policy` is its id."""
        ...

    def deleted_policies(self) -> dict[str, str]:
        """Return the names of policies that were deleted, by id."""
        ...

    def assigned(self) -> dict[str, str]:
        """Return by finding who was named for it last."""
        ...
