"""Findings. Everything a list may be sorted or filtered by stands in its indices."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Update, bindparam, func, or_, select, text, update
from sqlalchemy import Row as SqlRow
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.ignoring import RuleMatches
from reconciler.domain.model import Kind, Origin, ResourceAddress, Severity, StackName
from reconciler.domain.records import (
    DriftDecision,
    FindingFilter,
    FindingId,
    FindingRecord,
    FindingState,
    Page,
    RemediationId,
)
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.sources import Source
from reconciler.storage.columns import json_text
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, Values, chunks, table_of
from reconciler.storage.tables.drift import UNHEALED, FindingRow
from reconciler.storage.text_search import holds
from reconciler.wire.findings import finding_details

_FIELDS: Final = table_of(FindingRow).c
LISTING: Final = Listing(
    "findings",
    (_FIELDS.severity, _FIELDS.score, _FIELDS.first_seen, _FIELDS.id),
    (int, int, datetime, str),
)


@dataclass(frozen=True, slots=True)
class SqlFindings:
    """`stores.Findings` on tables."""

    rows: Rows

    def get(self, finding_id: FindingId) -> FindingRecord | None:
        """Return the finding of that id."""
        return self.rows.first(_FINDINGS.where(_FIELDS.id == finding_id), _finding)

    def get_many(self, finding_ids: Sequence[FindingId]) -> tuple[FindingRecord, ...]:
        """Return those there are, in the order they were asked for."""
        found = {
            row.id: _finding(row)
            for some in chunks(finding_ids)
            for row in self.rows.all(_FINDINGS.where(_FIELDS.id.in_(some)))
        }
        return tuple(found[finding_id] for finding_id in finding_ids if finding_id in found)

    def unhealed(self, stack: StackName) -> tuple[FindingRecord, ...]:
        """Return what is not healed of one stack, by address."""
        states = [state.value for state in FindingState if state is not FindingState.HEALED]
        wanted = (_FIELDS.stack == stack, _FIELDS.state.in_(states))
        found = self.rows.every(_FINDINGS.where(*wanted), _finding)
        return tuple(sorted(found, key=lambda item: (item.address, item.kind)))

    def unhealed_by(
        self, source: Source, stack: StackName, address: ResourceAddress
    ) -> FindingRecord | None:
        """Return what one source sees at one address and has not healed, the first by kind.

        What a scan sees of undeclared changes stands beside it, and is left out.
        """
        place = (_FIELDS.stack == stack, _FIELDS.address == address, _FIELDS.seen_by == source)
        # In the words of the index, or SQLite would read every finding of the stack.
        wanted = _FINDINGS.where(*place, text(UNHEALED))
        return self.rows.first(wanted.order_by(_FIELDS.kind).limit(1), _finding)

    def put_many(self, findings: Iterable[FindingRecord]) -> None:
        """Write each over the one of the same id.

        Raises:
            ConflictError: another one of its stack, address, kind and source is not healed
                either (code `already-found`).
        """
        # What heals goes first: it makes room for what is found anew at the same address.
        ordered = sorted(findings, key=lambda finding: finding.state is not FindingState.HEALED)
        self.rows.put(FindingRow, [_values(finding) for finding in ordered])

    def touch_many(self, finding_ids: Iterable[FindingId], *, seen_at: datetime) -> None:
        """Note that each was seen once more, unchanged."""
        self.rows.change(
            _TOUCH, [{"finding_id": finding_id, "seen_at": seen_at} for finding_id in finding_ids]
        )

    def page(
        self, wanted: FindingFilter, *, cursor: str | None = None, limit: int = 100
    ) -> Page[FindingRecord]:
        """Return findings, most severe and then newest first."""
        asked = Asked(cursor, limit)
        return LISTING.page(self.rows, page_statement(wanted), asked, value=_finding, key=_key)

    def tally(self) -> dict[StackName, dict[str, int]]:
        """Return how many are open, by stack and severity word."""
        groups = (_FIELDS.stack, _FIELDS.severity)
        counted = self.rows.tuples(
            select(*groups, func.count())
            .where(_FIELDS.state == FindingState.OPEN.value)
            .group_by(*groups)
        )
        found: dict[StackName, dict[str, int]] = {}
        for stack, severity, count in counted:
            words = found.setdefault(
                StackName(stack), {severity.word: 0 for severity in reversed(Severity)}
            )
            words[Severity(severity).word] = count
        return found

    def ignored_by_rule(self) -> dict[str, RuleMatches]:
        """Return how many findings each rule has ignored, and when the last was seen."""
        kept = self.rows.tuples(
            select(_FIELDS.decision, _FIELDS.last_seen).where(_FIELDS.decision.is_not(None))
        )
        found: dict[str, RuleMatches] = {}
        for decision, seen in kept:
            rule = decision.get("rule")
            if rule is not None:
                known = found.get(rule, RuleMatches())
                last = seen if known.last is None else max(known.last, seen)
                found[rule] = RuleMatches(known.matched + 1, last)
        return found

    def suppressed(self) -> dict[StackName, int]:
        """Return how many people decided to leave as they are, by stack."""
        counted = self.rows.tuples(
            select(_FIELDS.stack, func.count())
            .where(_FIELDS.state == FindingState.IGNORED.value)
            .group_by(_FIELDS.stack)
        )
        return {StackName(stack): count for stack, count in counted}


_COLUMNS: Final = tuple(_FIELDS[field.name] for field in fields(FindingRecord))
_FINDINGS: Final = SelectOfScalar[SqlRow[Any]](*_COLUMNS)
_KINDS: Final = {kind.value: kind for kind in Kind}
_SEVERITIES: Final = {severity.value: severity for severity in Severity}
_ORIGINS: Final[dict[str | None, Origin | None]] = {
    None: None,
    **{origin.value: origin for origin in Origin},
}
_STATES: Final = {state.value: state for state in FindingState}
"""Looked up, since a page asks some of them 500 times, and an enumeration takes its time."""

_TOUCH: Final[Update] = (
    update(table_of(FindingRow))
    .where(_FIELDS.id == bindparam("finding_id"))
    .values(last_seen=bindparam("seen_at"), times_seen=_FIELDS.times_seen + 1)
)


def page_statement(wanted: FindingFilter) -> SelectOfScalar[SqlRow[Any]]:
    """Return what a list of findings asks, without order and limit."""
    return _FINDINGS.where(*_conditions(wanted))


def _conditions(wanted: FindingFilter) -> list[ColumnElement[bool]]:
    given: list[tuple[Any, Callable[[Any], ColumnElement[bool]]]] = [
        (wanted.stack, lambda part: _named(_FIELDS.stack, part)),
        (wanted.state, lambda part: _FIELDS.state == part.value),
        (wanted.kind, lambda part: _FIELDS.kind == part.value),
        (wanted.min_severity, lambda part: _FIELDS.severity >= part.value),
        (wanted.type, lambda part: _named(_FIELDS.type, part)),
        (wanted.address, lambda part: _named(_FIELDS.address, part)),
        (wanted.text, _anywhere),
    ]
    return [condition(part) for part, condition in given if part is not None]


def _named(column: ColumnElement[str], glob: str) -> ColumnElement[bool]:
    """Say that `glob` names the whole of the column; without a wild card an index answers."""
    if not {"*", "?"} & set(glob):
        return column == glob
    plain = glob.replace("\\", "\\\\").replace("%", r"\%").replace("_", r"\_")
    return column.like(plain.replace("*", "%").replace("?", "_"), escape="\\")


def _anywhere(part: str) -> ColumnElement[bool]:
    """Say that `part` stands in the address, the type or the stack, in either case."""
    columns = (_FIELDS.address, _FIELDS.type, _FIELDS.stack)
    return or_(*(holds(column, part) for column in columns))


def _key(row: SqlRow[Any]) -> Key:
    return row.severity, row.score, row.first_seen, row.id


def _values(finding: FindingRecord) -> Values:
    return {
        "id": finding.id,
        "stack": finding.stack,
        "address": finding.address,
        "type": finding.type,
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "score": finding.score,
        "origin": finding.origin and finding.origin.value,
        "fingerprint": finding.fingerprint,
        "state": finding.state.value,
        "first_seen": finding.first_seen,
        "last_seen": finding.last_seen,
        "times_seen": finding.times_seen,
        "report_id": finding.report_id,
        "template_id": finding.template_id,
        "acted_on": finding.acted_on,
        "healed_at": finding.healed_at,
        "seen_by": finding.seen_by,
        "details": finding_details(finding.details, json_text),
        "decision": finding.decision and _decided(finding.decision),
    }


def _finding(row: Sequence[Any]) -> FindingRecord:
    """Return the finding of a row of `_COLUMNS`, which are in the order of its fields."""
    (
        finding_id,
        stack,
        address,
        of,
        kind,
        severity,
        score,
        origin,
        fingerprint,
        state,
        *rest,
        decided,
    ) = row
    parts = (
        *(finding_id, stack, address, of),
        *(_KINDS[kind], _SEVERITIES[severity], score, _ORIGINS[origin], fingerprint),
        *(_STATES[state], *rest, decided and _decision(**decided)),
    )
    return FindingRecord(*parts)


def _decided(decision: DriftDecision) -> dict[str, Any]:
    return {**asdict(decision), "until": decision.until and decision.until.isoformat()}


def _decision(
    *,
    remediation_id: str,
    state: str,
    by: str | None,
    reason: str | None,
    until: str | None = None,
    rule: str | None = None,
) -> DriftDecision:
    end = datetime.fromisoformat(until) if until else None
    known = RemediationId(remediation_id), RemediationState(state)
    return DriftDecision(*known, by, reason, end, rule)
