"""What was done lately: a few counts and the last runs, each by an index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import and_, or_
from sqlmodel import col, func, select

from reconciler.domain.activity import LOOKED_BACK, SAME_TIME, Activity, PastRun
from reconciler.domain.model import Fingerprint, ResourceAddress, StackName
from reconciler.domain.records import Remediation, RemediationId, RunId, RunState
from reconciler.domain.remediation_states import RemediationState
from reconciler.storage.rows import Rows
from reconciler.storage.tables.declared import StackRow
from reconciler.storage.tables.remediations import RemediationRow, RunRow

_MOST_RUNS: Final = 30
_MOST_STACKS: Final = 30
_UNDER_WAY: Final = tuple(
    state.value
    for state in (
        RemediationState.PLANNING,
        RemediationState.APPLYING,
        RemediationState.VERIFYING,
        RemediationState.UNKNOWN,
    )
)
_ENDED: Final = tuple(state.value for state in (RunState.FAILED, RunState.IN_DOUBT))
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


@dataclass(frozen=True, slots=True)
class SqlPastRuns:
    """`stores.PastRuns` on tables."""

    rows: Rows

    def around(self, remediation: Remediation, *, at: datetime) -> Activity:
        """Return what was done in its stack, by its policy and in all stacks up to `at`."""
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        newly, stacks = self._drifted(at - SAME_TIME)
        return Activity(
            runs=self._runs_of(remediation.stack, since=at - LOOKED_BACK),
            in_stack_today=self._unasked(midnight, stack=remediation.stack),
            today=self._unasked(midnight),
            in_doubt=self._in_doubt(remediation.id),
            corrected=self._corrected_by(remediation.policy_id, since=at - LOOKED_BACK),
            under_way=self._under_way(remediation),
            newly_drifted=newly,
            stacks=stacks,
        )

    def failed_since(self, since: datetime) -> int:
        """Return how many runs that began since failed, ended in doubt or did not help."""
        later = col(RemediationRow.run_id) != col(RunRow.id)
        not_helped = and_(
            col(RunRow.state) == RunState.FINISHED.value,
            or_(later, col(RemediationRow.state).in_(_NOT_HELPED)),
        )
        statement = (
            select(func.count())
            .select_from(RunRow)
            .join(RemediationRow, col(RemediationRow.id) == col(RunRow.remediation_id))
            .where(col(RunRow.started_at) >= since, or_(col(RunRow.state).in_(_ENDED), not_helped))
        )
        return self.rows.scalar(statement) or 0

    def begun_since(self, since: datetime) -> int:
        """Return how many runs began since."""
        wanted = col(RunRow.started_at) >= since
        return self.rows.scalar(select(func.count()).select_from(RunRow).where(wanted)) or 0

    def _unasked(self, since: datetime, *, stack: StackName | None = None) -> int:
        wanted = [col(RunRow.unasked).is_(other=True), col(RunRow.started_at) >= since]
        if stack is not None:
            wanted.append(col(RunRow.stack) == stack)
        return self.rows.scalar(select(func.count()).select_from(RunRow).where(*wanted)) or 0

    def _runs_of(self, stack: StackName, *, since: datetime) -> tuple[PastRun, ...]:
        statement = (
            select(
                RunRow.id,
                RunRow.remediation_id,
                RunRow.state,
                RunRow.started_at,
                RunRow.ended_at,
                RemediationRow.run_id,
                RemediationRow.state,
                RemediationRow.addresses,
                RemediationRow.fingerprints,
            )  # type: ignore[call-overload]
            .join(RemediationRow, col(RemediationRow.id) == col(RunRow.remediation_id))
            .where(col(RunRow.stack) == stack, col(RunRow.started_at) >= since)
            .order_by(col(RunRow.started_at).desc(), col(RunRow.id).desc())
            .limit(_MOST_RUNS)
        )
        return tuple(_past_run(*row) for row in self.rows.tuples(statement))

    def _in_doubt(self, besides: RemediationId) -> RemediationId | None:
        unknown = col(RemediationRow.state) == RemediationState.UNKNOWN.value
        statement = select(RemediationRow.id).where(unknown, col(RemediationRow.id) != besides)
        found = self.rows.scalar(statement.limit(1))
        return None if found is None else RemediationId(found)

    def _corrected_by(
        self, policy_id: str | None, *, since: datetime
    ) -> tuple[tuple[StackName, datetime], ...]:
        statement = (
            select(RemediationRow.stack, RemediationRow.updated_at)
            .where(
                col(RemediationRow.policy_id) == policy_id,
                col(RemediationRow.state) == RemediationState.CONVERGED.value,
                col(RemediationRow.created_at) >= since,
                col(RemediationRow.run_id).is_not(None),
            )
            .order_by(col(RemediationRow.created_at))
            .limit(_MOST_STACKS)
        )
        first: dict[StackName, datetime] = {}
        for stack, moment in self.rows.tuples(statement):
            first.setdefault(StackName(stack), moment)
        return tuple(first.items())

    def _under_way(self, remediation: Remediation) -> frozenset[StackName]:
        statement = select(RemediationRow.stack).where(
            col(RemediationRow.policy_id) == remediation.policy_id,
            col(RemediationRow.state).in_(_UNDER_WAY),
            col(RemediationRow.id) != remediation.id,
        )
        return frozenset(map(StackName, self.rows.scalars(statement)))

    def _drifted(self, since: datetime) -> tuple[int, int]:
        lately = func.count().filter(col(StackRow.drifted_at) >= since)
        ((newly, stacks),) = self.rows.tuples(select(lately, func.count()).select_from(StackRow))
        return newly, stacks


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
