"""A policy wants exactly this done about each finding, still."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from reconciler.domain.deciding import decide_all, wants
from reconciler.domain.policy import Act, ActionType, Policy
from reconciler.domain.records import POLICY
from reconciler.engine.admission.answers import Answer, NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Evaluated, Evidence, Guard, evaluation_of
from reconciler.engine.admission.situation import Situation, Stage

NAME: Final = "policy"


def evaluate(evidence: Evidence) -> Evaluated:
    """Ask the policies about each finding; true until the next of them begins or ends."""
    decided = decide_all(
        evidence.findings, evidence.policies, uploaded=evidence.uploaded, now=evidence.now
    )
    wanted = wants(decided, evidence.remediation.action_type)
    acting = [decision.policy for _, decision in decided if isinstance(decision, Act)]
    return Evaluated(
        {"wanted": wanted, "policies": {policy.policy_id: policy.version for policy in acting}},
        until=_next_change(evidence.policies, now=evidence.now),
    )


def ask(situation: Situation) -> Answer:
    """Refuse what no policy asks for any more; once a plan is there, ask a person about it."""
    if not _matters(situation) or evaluation_of(situation, NAME)["wanted"]:
        return Open()
    if situation.stage is Stage.APPLY:
        return NeedsApproval("no policy allows this correction without approval")
    return Refuse("no policy asks for it any more")


def _matters(situation: Situation) -> bool:
    """Whether a policy decides: not where a person asked for a plan, or will see it anyway."""
    known = situation.remediation
    if situation.stage is Stage.APPLY:
        return known.action_type is ActionType.AUTO_CORRECT
    return known.policy_id is not None and known.requested_by == POLICY


def _next_change(policies: Iterable[Policy], *, now: datetime) -> datetime | None:
    times = (time for policy in policies for time in (policy.starts_at, policy.expires_at))
    return min((time for time in times if time is not None and time > now), default=None)


GUARD: Final = Guard(NAME, ask, at=frozenset({Stage.QUEUE, Stage.APPLY}), evaluate=evaluate)
