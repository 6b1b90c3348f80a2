"""What was done lately, as guards ask of it."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.model import Fingerprint, ResourceAddress, StackName
from reconciler.domain.records import RemediationId, RunId, RunState

LOOKED_BACK: Final = timedelta(days=1)
"""How far back `Activity.runs` and `Activity.corrected` go."""
SAME_TIME: Final = timedelta(hours=1)
"""Stacks that drifted within so long of each other drifted at the same time."""


@dataclass(frozen=True, slots=True)
class PastRun:
    """One run of the stack; `helped` is None until its resources were read again."""

    run_id: RunId
    remediation_id: RemediationId
    state: RunState
    started_at: datetime
    ended_at: datetime | None
    helped: bool | None
    addresses: tuple[ResourceAddress, ...] = ()
    fingerprints: tuple[Fingerprint, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether it ended, and the drift is still there or nobody knows."""
        return self.state in (RunState.FAILED, RunState.IN_DOUBT) or self.helped is False

    def is_about(self, drift: Collection[tuple[ResourceAddress, Fingerprint]]) -> bool:
        """Whether it was to correct any of `drift`."""
        return bool(set(drift) & set(zip(self.addresses, self.fingerprints, strict=False)))


@dataclass(frozen=True, slots=True)
class Activity:
    """What was done around one remediation.

    `runs` are those of its stack within `LOOKED_BACK`, newest first. `in_stack_today` and `today`
    count what policies alone had begun since 00:00 UTC. `in_doubt` is a remediation of another
    stack of which nobody knows how its apply ended. `corrected` are the stacks in which the same
    policy corrected something, with the first time, `under_way` those in which it is at it.
    `newly_drifted` of all `stacks` showed new drift within `SAME_TIME`.
    """

    runs: tuple[PastRun, ...] = ()
    in_stack_today: int = 0
    today: int = 0
    in_doubt: RemediationId | None = None
    corrected: tuple[tuple[StackName, datetime], ...] = ()
    under_way: frozenset[StackName] = frozenset()
    newly_drifted: int = 0
    stacks: int = 0
