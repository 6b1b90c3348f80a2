"""Every guard is asked, and their answers become one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reconciler.domain.errors import ReconcilerError
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation, Stage
from reconciler.engine.admission.table import GUARDS
from reconciler.engine.defects import defect


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer that counts, and the guard that gave it; no guard when all are open.

    `approved` is how many approvals that an answer asks for are there already.
    """

    answer: Answer
    guard: str | None = None
    approved: int = 0


def admit(situation: Situation, guards: Sequence[Guard] = GUARDS) -> Admission:
    """Return whether the remediation may begin what comes next.

    A refusal goes before a missing approval, and that before a hold: a person can look at a plan
    while something else holds it. Of several missing approvals the one of most persons counts,
    and otherwise the guard that is first in the list. A guard that cannot be evaluated holds.
    """
    answers = [
        (guard, _answer(guard, situation)) for guard in guards if situation.stage in guard.at
    ]
    for guard, answer in answers:
        if isinstance(answer, Refuse):
            return Admission(answer, guard.name)
    return _missing_approval(answers, situation) or _first_hold(answers) or Admission(Open())


def _answer(guard: Guard, situation: Situation) -> Answer:
    try:
        return guard.ask(situation)
    except ReconcilerError as error:
        return Hold(f"guard {guard.name} cannot be evaluated: {error}")
    except Exception as error:  # noqa: BLE001 - a guard with a defect must never open
        return Hold(f"guard {guard.name} cannot be evaluated: {defect(error)}")


def _missing_approval(
    answers: Iterable[tuple[Guard, Answer]], situation: Situation
) -> Admission | None:
    known = situation.remediation
    missing: Admission | None = None
    most = 0
    for guard, answer in answers:
        if not isinstance(answer, NeedsApproval) or not _is_due(answer, situation):
            continue
        approved = len(answer.approved_by(known.approvals, known.plan_digest))
        if approved < answer.count and answer.count > most:
            missing, most = Admission(answer, guard.name, approved), answer.count
    return missing


def _is_due(needed: NeedsApproval, situation: Situation) -> bool:
    return situation.stage is Stage.APPLY or (needed.before_plan and situation.stage is Stage.QUEUE)


def _first_hold(answers: Iterable[tuple[Guard, Answer]]) -> Admission | None:
    held = ((guard, answer) for guard, answer in answers if isinstance(answer, Hold))
    return next((Admission(answer, guard.name) for guard, answer in held), None)
