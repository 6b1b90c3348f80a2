"""Only so much is corrected per day before somebody looks at why there is so much to correct."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold until 00:00 UTC what goes beyond the day's corrections of the stack, or of all."""
    if not situation.unasked:
        return Open()
    limits, activity = situation.limits, situation.activity
    midnight = situation.now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    for spent, most, whose in (
        (activity.in_stack_today, limits.stack_per_day, "the stack"),
        (activity.today, limits.total_per_day, "all stacks"),
    ):
        if spent >= most:
            return Hold(
                f"{most} corrections of {whose} a day without approval are the limit", midnight
            )
    return Open()


GUARD: Final = Guard("budget", ask, at=BEFORE_EFFECT)
