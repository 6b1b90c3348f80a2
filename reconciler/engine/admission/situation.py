"""All that guards may know of a remediation, as of one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from reconciler.domain.activity import Activity
from reconciler.domain.guardrails import Guardrails
from reconciler.domain.model import ResourceAddress
from reconciler.domain.plan import Plan
from reconciler.domain.quarantines import Quarantine
from reconciler.domain.records import (
    Correction,
    Evaluation,
    FindingRecord,
    Hold,
    Remediation,
    StackRecord,
)
from reconciler.domain.remediation_states import RemediationState

HISTORY: Final = timedelta(days=1)
"""How far back `Situation.history` goes."""


class Stage(StrEnum):
    """What the remediation would begin next."""

    CONFIRM = "confirm"
    QUEUE = "queue"
    PLAN = "plan"
    APPLY = "apply"


_STAGES: Final[Mapping[RemediationState, Stage]] = {
    RemediationState.DETECTED: Stage.CONFIRM,
    RemediationState.CONFIRMED: Stage.QUEUE,
    RemediationState.DECIDED: Stage.QUEUE,
    RemediationState.QUEUED: Stage.PLAN,
    RemediationState.HELD: Stage.PLAN,
    RemediationState.PLANNING: Stage.APPLY,
}


def stage_of(remediation: Remediation) -> Stage:
    """Return what `remediation` would begin next.

    Raises:
        KeyError: it waits for a person, is in effect, or has ended.
    """
    return _STAGES[remediation.state]


@dataclass(frozen=True, slots=True)
class Situation:
    """One remediation and what is known around it; `findings` are those that are still there.

    `plan`, its `concerns` and the resources `concerned` are there at the stage `apply` only, and
    none is named where a concern is about all of the plan. `stack` is None when it is not
    registered any more. `others` are the other open remediations of the stack, `history` is what
    was corrected in it within `HISTORY`, oldest first. `holds` are all there are, `limits` those
    of its stack and `policy`, whose name this is; `activity` is there for what is `unasked` only.
    `quarantines` are those of every stack that are not released.
    """

    remediation: Remediation
    findings: tuple[FindingRecord, ...]
    now: datetime
    confirm_after: timedelta
    stack: StackRecord | None = None
    holds: tuple[Hold, ...] = ()
    others: tuple[Remediation, ...] = ()
    history: tuple[Correction, ...] = ()
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    plan: Plan | None = None
    concerns: tuple[str, ...] = ()
    policy: str | None = None
    limits: Guardrails = field(default_factory=Guardrails)
    activity: Activity = field(default_factory=Activity)
    quarantines: tuple[Quarantine, ...] = ()
    concerned: frozenset[ResourceAddress] = frozenset()
    healed: Mapping[ResourceAddress, tuple[datetime, ...]] = field(default_factory=dict)
    """When drift of its resources was gone within `HISTORY`, oldest first; of what is unasked."""
    isolates: tuple[ResourceAddress, ...] = ()
    """What the plan of a quarantine cuts off, which need not be what drifted."""
    unapproved: tuple[str, ...] = ()
    """Those of its concerns that came up after it was approved, which voided the approvals."""
    scripted: bool = False
    """Whether its policy has a script correct it, and not the tool."""

    @property
    def stage(self) -> Stage:
        """What would begin next."""
        return stage_of(self.remediation)

    @property
    def unasked(self) -> bool:
        """Whether a policy alone would correct it: no person asked for it or approved a plan."""
        return self.remediation.unasked
