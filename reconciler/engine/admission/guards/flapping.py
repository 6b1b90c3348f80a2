"""What is corrected again and again is a fight with somebody else, and a person ends it."""

from __future__ import annotations

from collections import Counter
from typing import Final

from reconciler.engine.admission.answers import Answer, NeedsApproval, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation

MOST: Final = 3
"""So many corrections of one resource within a day go on unasked."""


def ask(situation: Situation) -> Answer:
    """Ask a person about a resource that was corrected `MOST` times within a day already."""
    if not situation.unasked:
        return Open()
    corrected = Counter(address for one in situation.history for address in set(one.addresses))
    often = [one.address for one in situation.findings if corrected[one.address] >= MOST]
    if not often:
        return Open()
    return NeedsApproval(
        f"{often[0]} was corrected {corrected[often[0]]} times within a day and drifted again:"
        " something else keeps changing it",
        about=frozenset(often),
    )


GUARD: Final = Guard("flapping", ask, at=ONCE_PLANNED)
