"""Where nearly everything seems to be wrong, it is more likely that we are."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation

FEWEST: Final = 3
"""Of fewer stacks that drifted at once a share says nothing."""


def ask(situation: Situation) -> Answer:
    """Hold while more than `fleet_percent` of all stacks showed new drift within an hour."""
    activity, percent = situation.activity, situation.limits.fleet_percent
    newly, stacks = activity.newly_drifted, activity.stacks
    if not situation.unasked or newly < FEWEST or newly * 100 <= stacks * percent:
        return Open()
    return Hold(
        f"{newly} of {stacks} stacks drifted within an hour, which is more than {percent} %:"
        " look for one cause"
    )


GUARD: Final = Guard("fleet_share", ask, at=BEFORE_EFFECT)
