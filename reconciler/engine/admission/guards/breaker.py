"""Corrections that fail one after the other stop by themselves."""

from __future__ import annotations

from itertools import takewhile
from typing import Final

from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold under the breaker, beside an apply in doubt, and where the stack's last runs failed.

    A stack whose pause is over gets one trial: when that fails as well, it pauses again.
    """
    if not situation.unasked:
        return Open()
    for hold in situation.holds:
        if hold.unasked and not hold.has_ended(now=situation.now):
            return Hold(f"{hold.reason}; `trueup resume` lets corrections go on", hold.until)
    if (doubtful := situation.activity.in_doubt) is not None:
        return Hold(f"how the apply of remediation {doubtful} ended is not known")
    return _of_stack(situation)


def _of_stack(situation: Situation) -> Answer:
    limits = situation.limits
    over = [run for run in situation.activity.runs if run.helped is not None or run.failed]
    failed = list(takewhile(lambda run: run.failed, over))
    if not failed or len(failed) < limits.failures:
        return Open()
    until = (failed[0].ended_at or failed[0].started_at) + limits.pause
    if until <= situation.now:
        return Open()
    return Hold(f"the last {len(failed)} corrections of the stack failed", until)


GUARD: Final = Guard("breaker", ask, at=BEFORE_EFFECT)
