"""What was done lately: a few counts and the last runs, each by an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Integer,
    ScalarSelect,
    and_,
    bindparam,
    literal_column,
    or_,
)
from sqlalchemy import select as sa_select
from sqlmodel import col, func, select

from reconciler.domain.activity import LOOKED_BACK, SAME_TIME, Activity, PastRun
from reconciler.domain.model import Fingerprint, ResourceAddress, StackName
from reconciler.domain.records import Remediation, RemediationId, RunId, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.storage.columns import Moment, PlainText
from reconciler.storage.rows import Rows, Values
from reconciler.storage.tables.declared import StackRow
from reconciler.storage.tables.remediations import RemediationRow, RunRow

_MOST_RUNS: Final = 30
_MOST_STACKS: Final = 30
_UNDER_WAY: Final = (
    RemediationState.PLANNING,
    RemediationState.APPLYING,
    RemediationState.VERIFYING,
    RemediationState.UNKNOWN,
)
_ENDED: Final = tuple(state.value for state in (RunState.FINISHED, RunState.IN_DOUBT))
_NOT_HELPED: Final = tuple(
    state.value
    for state in (RemediationState.QUEUED, RemediationState.HELD, RemediationState.NEEDS_HUMAN)
)
_HELPED: Final = {
    RemediationState.CONVERGED: True,
    RemediationState.APPLYING: None,
    RemediationState.VERIFYING: None,
    RemediationState.UNKNOWN: None,
}


def _is(state: RemediationState) -> ColumnElement[bool]:
    # What never changes stands in the text of a statement: each value that is bound takes time.
    return col(RemediationRow.state) == literal_column(f"'{state.value}'", PlainText())


def _count(*wanted: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(func.count()).select_from(RunRow).where(*wanted).scalar_subquery()


_STACK: Final = bindparam("stack", type_=PlainText())
_POLICY: Final = bindparam("policy", type_=PlainText())
_BESIDES: Final = bindparam("besides", type_=PlainText())
_SINCE: Final = bindparam("since", type_=Moment())
_MIDNIGHT: Final = bindparam("midnight", type_=Moment())
_LATELY: Final = bindparam("lately", type_=Moment())
_UNASKED_TODAY: Final = (col(RunRow.unasked).is_(other=True), col(RunRow.started_at) >= _MIDNIGHT)
# Each statement is made once: that takes longer than to carry it out.
_COUNTS: Final = sa_select(
    _count(*_UNASKED_TODAY, col(RunRow.stack) == _STACK).label("in_stack"),
    _count(*_UNASKED_TODAY).label("today"),
    select(RemediationRow.id)
    .where(
        _is(RemediationState.UNKNOWN),
        col(RemediationRow.id) != _BESIDES,
    )
    .limit(literal_column("1", Integer()))
    .scalar_subquery()
    .label("in_doubt"),
    func.count().filter(col(StackRow.drifted_at) >= _LATELY).label("newly"),
    func.count().label("stacks"),
).select_from(StackRow)
_RUNS: Final = (
    sa_select(
        col(RunRow.id),
        col(RunRow.remediation_id),
        col(RunRow.state),
        col(RunRow.started_at),
        col(RunRow.ended_at),
        col(RemediationRow.run_id),
        col(RemediationRow.state),
        col(RemediationRow.addresses),
        col(RemediationRow.fingerprints),
    )
    .join(RemediationRow, col(RemediationRow.id) == col(RunRow.remediation_id))
    .where(col(RunRow.stack) == _STACK, col(RunRow.started_at) >= _SINCE)
    .order_by(col(RunRow.started_at).desc(), col(RunRow.id).desc())
    .limit(literal_column(str(_MOST_RUNS), Integer()))
)
_CORRECTED: Final = (
    sa_select(col(RemediationRow.stack), col(RemediationRow.updated_at))
    .where(
        col(RemediationRow.policy_id) == _POLICY,
        _is(RemediationState.CONVERGED),
        col(RemediationRow.updated_at) >= _SINCE,  # for its index
        col(RemediationRow.created_at) >= _SINCE,
        col(RemediationRow.run_id).is_not(None),
    )
    .order_by(col(RemediationRow.updated_at))
)
_AT_WORK: Final = sa_select(col(RemediationRow.stack)).where(
    col(RemediationRow.policy_id) == _POLICY,
    or_(*map(_is, _UNDER_WAY)),
    col(RemediationRow.id) != _BESIDES,
)


@dataclass(frozen=True, slots=True)
class SqlPastRuns:
    """`stores.PastRuns` on tables."""

    rows: Rows

    def around(self, remediation: Remediation, *, at: datetime) -> Activity:
        """Return what was done in its stack, by its policy and in all stacks up to `at`."""
        asked = {
            "stack": remediation.stack,
            "policy": remediation.policy_id,
            "besides": remediation.id,
            "since": at - LOOKED_BACK,
            "midnight": at.replace(hour=0, minute=0, second=0, microsecond=0),
            "lately": at - SAME_TIME,
        }
        (counts,) = self.rows.asked(_COUNTS, asked)
        return Activity(
            runs=tuple(_past_run(*row) for row in self.rows.asked(_RUNS, asked)),
            in_stack_today=counts.in_stack,
            today=counts.today,
            in_doubt=None if counts.in_doubt is None else RemediationId(counts.in_doubt),
            corrected=self._corrected(asked),
            under_way=frozenset(StackName(row.stack) for row in self.rows.asked(_AT_WORK, asked)),
            newly_drifted=counts.newly,
            stacks=counts.stacks,
        )

    def _corrected(self, asked: Values) -> tuple[tuple[StackName, datetime], ...]:
        first: dict[StackName, datetime] = {}
        with self.rows.one_by_one(_CORRECTED, asked) as oldest_first:
            for stack, at in oldest_first:
                first.setdefault(StackName(stack), at)
                if len(first) == _MOST_STACKS:
                    break
        return tuple(first.items())

    def failed_since(self, since: datetime) -> int:
        """Return how many remediations had a run that ended since, and failed or did not help."""
        later = col(RemediationRow.run_id) != col(RunRow.id)
        failed = col(RunRow.state) == RunState.FAILED.value
        not_helped = and_(
            col(RunRow.state).in_(_ENDED),
            or_(later, col(RemediationRow.state).in_(_NOT_HELPED)),
        )
        statement = (
            select(func.count(func.distinct(col(RunRow.remediation_id))))
            .select_from(RunRow)
            .join(RemediationRow, col(RemediationRow.id) == col(RunRow.remediation_id))
            .where(
                col(RunRow.started_at) >= since - LOOKED_BACK,  # for its index
                col(RunRow.ended_at) >= since,
                or_(failed, not_helped),
            )
        )
        return self.rows.scalar(statement) or 0

    def begun_since(self, since: datetime) -> int:
        """Return of how many remediations a run began since."""
        counted = func.count(func.distinct(col(RunRow.remediation_id)))
        return self.rows.scalar(select(counted).where(col(RunRow.started_at) >= since)) or 0


def _past_run(  # noqa: PLR0913, PLR0917 - the columns of a row
    run_id: str,
    remediation_id: str,
    state: str,
    started_at: datetime,
    ended_at: datetime | None,
    last_run: str | None,
    then: str,
    addresses: Sequence[str],
    drift: Sequence[str],
) -> PastRun:
    # A later run of the same remediation means that this one did not help.
    known = RemediationState(then)
    helped = _HELPED.get(known, False) if last_run == run_id else False
    return PastRun(
        run_id=RunId(run_id),
        remediation_id=RemediationId(remediation_id),
        state=RunState(state),
        started_at=started_at,
        ended_at=ended_at,
        helped=None if state == RunState.STARTED.value else helped,
        addresses=tuple(map(ResourceAddress, addresses)),
        fingerprints=tuple(map(Fingerprint, drift)),
    )
