"""A quarantine needs a person, comes one at a time, and stays until it is released."""

from __future__ import annotations

from typing import Final

from reconciler.domain.policy import ActionType
from reconciler.domain.quarantines import BY_HAND
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation

_HOUR_S: Final = 3600


def ask(situation: Situation) -> Answer:
    """Ask for the approval of each quarantine, and hold what would undo one that is there."""
    match situation.remediation.action_type:
        case ActionType.RELEASE:
            return Open()
        case ActionType.QUARANTINE:
            return _too_many(situation) or _needs_a_person(situation)
        case _:
            return _undoes_one(situation) or Open()


def _needs_a_person(situation: Situation) -> Answer:
    names = ", ".join(sorted({finding.address for finding in situation.findings}))
    hours = situation.limits.quarantine_time.total_seconds() / _HOUR_S
    why = f"it isolates {names} until it is released, for {hours:g} h at most"
    return NeedsApproval(why)


def _too_many(situation: Situation) -> Answer | None:
    """Return a hold where its policy keeps as many others isolated as it may; None otherwise.

    Only what was approved is held by it: a person sees the plan before.
    """
    known, most = situation.remediation, situation.limits.quarantines
    group = known.policy_id or BY_HAND
    others = [
        quarantine
        for quarantine in situation.quarantines
        if quarantine.group == group and quarantine.id != known.id
    ]
    if len(others) < most or not any(
        approval.plan_digest == known.plan_digest for approval in known.approvals
    ):
        return None
    whose = "its policy" if known.policy_id else "people"
    return Hold(f"{len(others)} quarantines that {whose} asked for are not released yet")


def _undoes_one(situation: Situation) -> Answer | None:
    """Return a hold where a correction would attach what is detached; None where none would."""
    planned = {resource.address for resource in situation.plan.resources} if situation.plan else ()
    for quarantine in situation.quarantines:
        if quarantine.stack != situation.remediation.stack:
            continue
        for address in quarantine.addresses:
            if address in planned:
                return Hold(
                    f"it would attach {address} again, which quarantine {quarantine.id} detached;"
                    f" release that first: trueup release {quarantine.id[:8]}"
                )
    return None


GUARD: Final = Guard("quarantine", ask, at=ONCE_PLANNED)
