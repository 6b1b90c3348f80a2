"""What guards ask of the past, from runs and remediations in memory."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.domain.activity import LOOKED_BACK, SAME_TIME, Activity, PastRun
from reconciler.domain.model import StackName
from reconciler.domain.records import Remediation, Run, RunState
from reconciler.domain.remediation_states import RemediationState
from tests.memory_store.corrections import Remediations, Runs
from tests.memory_store.watched import Stacks

_MOST: Final = 30
_RUNNING: Final = frozenset(
    {RemediationState.APPLYING, RemediationState.VERIFYING, RemediationState.UNKNOWN}
)
_UNDER_WAY: Final = _RUNNING | {RemediationState.PLANNING}
_NOT_HELPED: Final = frozenset(
    {RemediationState.QUEUED, RemediationState.HELD, RemediationState.NEEDS_HUMAN}
)


@dataclass(slots=True)
class PastRuns:
    """`stores.PastRuns` in memory."""

    runs: Runs
    remediations: Remediations
    stacks: Stacks

    def around(self, remediation: Remediation, *, at: datetime) -> Activity:
        since = at - LOOKED_BACK
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        unasked = [run for run in self._all_runs() if run.unasked and run.started_at >= midnight]
        others = [one for one in self._all() if one.id != remediation.id]
        in_doubt = [one.id for one in others if one.state is RemediationState.UNKNOWN]
        of_policy = [one for one in others if one.policy_id == remediation.policy_id is not None]
        stacks = self.stacks.all()
        newly = [one for one in stacks if one.drifted_at and one.drifted_at >= at - SAME_TIME]
        return Activity(
            runs=tuple(self._runs_of(remediation.stack, since))[:_MOST],
            in_stack_today=sum(run.stack == remediation.stack for run in unasked),
            today=len(unasked),
            in_doubt=in_doubt[0] if in_doubt else None,
            corrected=self._corrected(remediation, since),
            under_way=frozenset(one.stack for one in of_policy if one.state in _UNDER_WAY),
            newly_drifted=len(newly),
            stacks=len(stacks),
        )

    def failed_since(self, since: datetime) -> int:
        runs = (run for run in self._all_runs() if run.ended_at and run.ended_at >= since)
        return len({run.remediation_id for run in runs if self._failed(run)})

    def begun_since(self, since: datetime) -> int:
        runs = (run for run in self._all_runs() if run.started_at >= since)
        return len({run.remediation_id for run in runs})

    def _corrected(
        self, remediation: Remediation, since: datetime
    ) -> tuple[tuple[StackName, datetime], ...]:
        found = sorted(
            (
                one
                for one in self._all()
                if remediation.policy_id is not None
                and one.policy_id == remediation.policy_id
                and one.state is RemediationState.CONVERGED
                and one.created_at >= since
                and one.run_id is not None
            ),
            key=lambda one: one.updated_at,
        )
        first: dict[StackName, datetime] = {}
        for one in found:
            first.setdefault(one.stack, one.updated_at)
        return tuple(first.items())[:_MOST]

    def _runs_of(self, stack: StackName, since: datetime) -> Iterator[PastRun]:
        newest = sorted(self._all_runs(), key=lambda run: (run.started_at, run.id), reverse=True)
        for run in newest:
            owner = self.remediations.get(run.remediation_id)
            if run.stack == stack and run.started_at >= since and owner is not None:
                yield _past_run(run, owner)

    def _failed(self, run: Run) -> bool:
        owner = self.remediations.get(run.remediation_id)
        if owner is None or run.state is RunState.STARTED:
            return False
        later = owner.run_id is not None and owner.run_id != run.id
        return run.state is RunState.FAILED or later or owner.state in _NOT_HELPED

    def _all(self) -> list[Remediation]:
        return list(self.remediations.table.rows.values())

    def _all_runs(self) -> list[Run]:
        return list(self.runs.table.rows.values())


def _past_run(run: Run, owner: Remediation) -> PastRun:
    helped: bool | None = False
    if owner.run_id == run.id:
        helped = owner.state is RemediationState.CONVERGED
        helped = None if owner.state in _RUNNING else helped
    return PastRun(
        run_id=run.id,
        remediation_id=owner.id,
        state=run.state,
        started_at=run.started_at,
        ended_at=run.ended_at,
        helped=None if run.state is RunState.STARTED else helped,
        addresses=owner.addresses,
        fingerprints=owner.fingerprints,
    )
