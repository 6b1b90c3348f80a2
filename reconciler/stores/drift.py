"""What deviates, what was seen of it, and what was accepted."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from reconciler.domain.ignoring import RuleMatches
from reconciler.domain.kept_baseline import Acceptance, BaselineKey, Baselines, KeptBaseline
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import (
    DriftReport,
    FindingFilter,
    FindingId,
    FindingRecord,
    Page,
    ReportId,
)
from reconciler.domain.sources import Source


class Findings(Protocol):
    """Findings by id; at most one that is not healed per stack, address, kind and source."""

    def get(self, finding_id: FindingId) -> FindingRecord | None: ...
    def get_many(self, finding_ids: Sequence[FindingId]) -> tuple[FindingRecord, ...]: ...
    def unhealed(self, stack: StackName) -> tuple[FindingRecord, ...]: ...
    def unhealed_by(
        self, source: Source, stack: StackName, address: ResourceAddress
    ) -> FindingRecord | None:
        """Return what one source sees at one address and has not healed, the first by kind.

        What a scan sees of undeclared changes stands beside it, and is left out.
        """
        ...

    def put_many(self, findings: Iterable[FindingRecord]) -> None: ...
    def touch_many(self, finding_ids: Iterable[FindingId], *, seen_at: datetime) -> None:
        """Note that each was seen once more, unchanged."""
        ...

    def page(
        self, wanted: FindingFilter, *, cursor: str | None = None, limit: int = 100
    ) -> Page[FindingRecord]:
        """Return findings, most severe and then newest first."""
        ...

    def tally(self) -> dict[StackName, dict[str, int]]:
        """Return how many are open, by stack and severity word."""
        ...

    def ignored_by_rule(self) -> dict[str, RuleMatches]:
        """Return how many findings each rule has ignored, and when the last was seen."""
        ...

    def suppressed(self) -> dict[StackName, int]:
        """Return how many people decided to leave as they are, by stack."""
        ...


class Reports(Protocol):
    """Drift reports, newest first."""

    def get(self, report_id: ReportId) -> DriftReport | None: ...
    def put_many(self, reports: Iterable[DriftReport]) -> None: ...
    def newest(self, resource_id: str, *, seen_by: Source) -> DriftReport | None:
        """Return the newest report of one resource by one source."""
        ...

    def healed(
        self, resource_ids: Collection[str], *, since: datetime
    ) -> Mapping[str, tuple[datetime, ...]]:
        """Return when drift of each was seen to be gone, oldest first; without those never.

        Several findings that one look saw gone are one time.
        """
        ...

    def page(
        self,
        *,
        resource_id: str | None = None,
        template_id: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DriftReport]: ...


class KeptBaselines(Protocol):
    """What the objects of a stack are held against, by address or by the name of a probe."""

    def get(self, stack: StackName, key: BaselineKey) -> KeptBaseline | None: ...
    def of_stack(self, stack: StackName) -> Baselines:
        """Return those of one stack; each is unpacked when it is asked for."""
        ...

    def put_many(self, stack: StackName, baselines: Iterable[KeptBaseline]) -> None:
        """Write each over the one of the same key."""
        ...

    def remove_many(self, stack: StackName, keys: Iterable[BaselineKey]) -> int: ...
    def remove_stack(self, stack: StackName) -> int:
        """Remove all of one stack, and what was accepted of it."""
        ...

    def note(self, acceptance: Acceptance) -> None:
        """Keep what a person accepted."""
        ...

    def acceptances(self, finding_id: str) -> tuple[Acceptance, ...]:
        """Return what was accepted of a finding, newest first."""
        ...

    def acceptances_of(self, stack: StackName, key: BaselineKey) -> tuple[Acceptance, ...]:
        """Return what was accepted of an object, newest first."""
        ...

    def undone(self, acceptance_id: str, *, by: str, at: datetime) -> None:
        """Note that it was taken back."""
        ...
