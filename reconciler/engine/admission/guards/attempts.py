"""A correction that does not help is not tried for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation

WITHIN: Final = timedelta(hours=1)


def ask(situation: Situation) -> Answer:
    """Except a drift for a while that so many runs within an hour did not correct."""
    limits = situation.limits
    if not situation.unasked or not limits.exception:
        return Open()
    drift = {(record.address, record.fingerprint) for record in situation.findings}
    failed = [run for run in situation.activity.runs if run.failed and run.is_about(drift)]
    for last, first in zip(failed, failed[limits.attempts - 1 :], strict=False):
        over = (last.ended_at or last.started_at) + limits.exception
        if last.started_at - first.started_at <= WITHIN and over > situation.now:
            return Hold(
                f"{limits.attempts} runs within an hour did not correct this drift;"
                " it is excepted until then",
                over,
            )
    return Open()


GUARD: Final = Guard("attempts", ask, at=BEFORE_EFFECT)
