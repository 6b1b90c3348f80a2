"""Findings, reports and kept baselines in memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from fnmatch import fnmatchcase

from reconciler.domain.errors import ConflictError, InvalidError
from reconciler.domain.ignoring import RuleMatches
from reconciler.domain.kept_baseline import Acceptance, BaselineKey, Baselines, KeptBaseline
from reconciler.domain.model import Origin, ResourceAddress, Severity, StackName
from reconciler.domain.records import (
    DriftReport,
    FindingFilter,
    FindingId,
    FindingRecord,
    FindingState,
    Page,
    ReportId,
)
from reconciler.domain.sources import Source
from reconciler.storage import findings, reports
from reconciler.storage.columns import json_text, storable
from reconciler.storage.text_search import LONGEST
from reconciler.wire.findings import finding_details
from tests.memory_store.rows import Table, kept, moment, page_of


@dataclass(slots=True)
class Findings:
    """`stores.Findings` in memory."""

    table: Table[FindingId, FindingRecord]

    def get(self, finding_id: FindingId) -> FindingRecord | None:
        return self.table.get(finding_id)

    def get_many(self, finding_ids: Sequence[FindingId]) -> tuple[FindingRecord, ...]:
        found = map(self.table.get, finding_ids)
        return tuple(finding for finding in found if finding is not None)

    def unhealed(self, stack: StackName) -> tuple[FindingRecord, ...]:
        return self.table.where(
            lambda one: one.stack == stack and one.state is not FindingState.HEALED,
            lambda one: (one.address, one.kind),
        )

    def unhealed_by(
        self, source: Source, stack: StackName, address: ResourceAddress
    ) -> FindingRecord | None:
        place = source, stack, address
        found = self.table.where(
            lambda one: (
                (one.seen_by, one.stack, one.address) == place
                and one.state is not FindingState.HEALED
                and one.origin is not Origin.UNDECLARED
            ),
            lambda one: one.kind,
        )
        return found[0] if found else None

    def put_many(self, findings: Iterable[FindingRecord]) -> None:
        for finding in sorted(findings, key=lambda one: one.state is not FindingState.HEALED):
            details = finding_details(finding.details, json_text)
            written = kept(replace(finding, details=details))
            self._refuse_second(written)
            self.table.put(written.id, written)

    def _refuse_second(self, wanted: FindingRecord) -> None:
        place = _place(wanted)
        if place is None:
            return
        if any(_place(one) == place and one.id != wanted.id for one in self.table.rows.values()):
            raise ConflictError(
                "this resource has a finding of that kind that is not healed", code="already-found"
            )

    def touch_many(self, finding_ids: Iterable[FindingId], *, seen_at: datetime) -> None:
        for finding_id in finding_ids:
            seen = self.table.get(finding_id)
            if seen is not None:
                times = seen.times_seen + 1
                again = replace(seen, last_seen=moment(seen_at), times_seen=times)
                self.table.put(finding_id, again)

    def page(
        self, wanted: FindingFilter, *, cursor: str | None = None, limit: int = 100
    ) -> Page[FindingRecord]:
        if wanted.text is not None and len(storable(wanted.text)) > LONGEST:
            raise InvalidError(f"a text to look for has at most {LONGEST:,} characters")
        found = (one for one in self.table.rows.values() if _fits(one, wanted))
        return page_of(findings.LISTING, found, _rank, cursor, limit)

    def tally(self) -> dict[StackName, dict[str, int]]:
        words = [severity.word for severity in reversed(Severity)]
        found: dict[StackName, dict[str, int]] = {}
        for one in self.table.rows.values():
            if one.state is FindingState.OPEN:
                found.setdefault(one.stack, dict.fromkeys(words, 0))[one.severity.word] += 1
        return found

    def ignored_by_rule(self) -> dict[str, RuleMatches]:
        found: dict[str, RuleMatches] = {}
        for one in self.table.rows.values():
            if one.decision is not None and one.decision.rule is not None:
                before = found.get(one.decision.rule, RuleMatches())
                last = max(before.last or one.last_seen, one.last_seen)
                found[one.decision.rule] = RuleMatches(before.matched + 1, last)
        return found

    def suppressed(self) -> dict[StackName, int]:
        rows = self.table.rows.values()
        return dict(Counter(one.stack for one in rows if one.state is FindingState.IGNORED))


@dataclass(slots=True)
class Reports:
    """`stores.Reports` in memory."""

    table: Table[ReportId, DriftReport]

    def get(self, report_id: ReportId) -> DriftReport | None:
        return self.table.get(report_id)

    def put_many(self, reports: Iterable[DriftReport]) -> None:
        for report in map(kept, reports):
            if report.report_id not in self.table.rows:
                self.table.put(report.report_id, report)

    def newest(self, resource_id: str, *, seen_by: Source) -> DriftReport | None:
        found = self.table.where(
            lambda one: (one.resource_id, one.seen_by) == (resource_id, seen_by), _moment_of
        )
        return found[-1] if found else None

    def healed(
        self, resource_ids: Collection[str], *, since: datetime
    ) -> Mapping[str, tuple[datetime, ...]]:
        found: dict[str, set[datetime]] = {}
        for one in self.table.rows.values():
            if one.event == "healed" and one.timestamp >= since and one.resource_id in resource_ids:
                found.setdefault(one.resource_id, set()).add(one.timestamp)
        return {name: tuple(sorted(times)) for name, times in found.items()}

    def page(
        self,
        *,
        resource_id: str | None = None,
        template_id: str | None = None,
        since: datetime | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[DriftReport]:
        first = None if since is None else moment(since)
        found = (
            one
            for one in self.table.rows.values()
            if resource_id in (None, one.resource_id)
            and template_id in (None, one.template_id)
            and (first is None or one.timestamp >= first)
        )
        return page_of(reports.LISTING, found, _moment_of, cursor, limit)


@dataclass(slots=True)
class KeptBaselines:
    """`stores.KeptBaselines` in memory."""

    table: Table[tuple[StackName, BaselineKey], KeptBaseline]
    accepted: Table[str, Acceptance]

    def get(self, stack: StackName, key: BaselineKey) -> KeptBaseline | None:
        return self.table.get((stack, key))

    def of_stack(self, stack: StackName) -> Baselines:
        return {key: row for (of, key), row in self.table.rows.items() if of == stack}

    def put_many(self, stack: StackName, baselines: Iterable[KeptBaseline]) -> None:
        for baseline in baselines:
            self.table.put((stack, baseline.key), baseline)

    def remove_many(self, stack: StackName, keys: Iterable[BaselineKey]) -> int:
        return sum(self.table.remove((stack, key)) for key in keys)

    def remove_stack(self, stack: StackName) -> int:
        self.accepted.remove_where(lambda one: one.stack == stack)
        return self.remove_many(stack, list(self.of_stack(stack)))

    def note(self, acceptance: Acceptance) -> None:
        self.accepted.put(acceptance.id, acceptance)

    def acceptances(self, finding_id: str) -> tuple[Acceptance, ...]:
        found = self.accepted.where(lambda one: one.finding_id == finding_id, _accepted_at)
        return found[::-1]

    def acceptances_of(self, stack: StackName, key: BaselineKey) -> tuple[Acceptance, ...]:
        found = self.accepted.where(
            lambda one: (one.stack, one.after.key) == (stack, key), _accepted_at
        )
        return found[::-1]

    def undone(self, acceptance_id: str, *, by: str, at: datetime) -> None:
        found = self.accepted.get(acceptance_id)
        if found is not None:
            self.accepted.put(acceptance_id, replace(found, undone_by=by, undone_at=at))


def _place(finding: FindingRecord) -> tuple[object, ...] | None:
    """Return what one finding that is not healed has for itself."""
    if finding.state is FindingState.HEALED:
        return None
    undeclared = finding.origin is Origin.UNDECLARED
    return finding.stack, finding.address, finding.kind, finding.seen_by, undeclared


def _fits(finding: FindingRecord, wanted: FindingFilter) -> bool:
    words = finding.address, finding.type, finding.stack
    text = wanted.text and wanted.text.lower()
    return (
        _named(finding.stack, wanted.stack)
        and wanted.state in (None, finding.state)
        and wanted.kind in (None, finding.kind)
        and (wanted.min_severity is None or finding.severity >= wanted.min_severity)
        and _named(finding.type, wanted.type)
        and _named(finding.address, wanted.address)
        and (not text or any(text in word.lower() for word in words))
    )


def _named(name: str, glob: str | None) -> bool:
    return glob is None or fnmatchcase(name, glob.replace("[", "[[]"))


def _rank(finding: FindingRecord) -> tuple[object, ...]:
    return finding.severity, finding.score, finding.first_seen, finding.id


def _moment_of(report: DriftReport) -> tuple[datetime, str]:
    return report.timestamp, report.report_id


def _accepted_at(acceptance: Acceptance) -> tuple[datetime, str]:
    return acceptance.accepted_at, acceptance.id
