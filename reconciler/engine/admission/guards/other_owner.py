"""Two reconcilers of one stack undo each other."""

from __future__ import annotations

from typing import Final

from reconciler.domain.ownership import owner_of
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold what `managed_by` gives to another system, or a tag of the resource does."""
    if not situation.unasked:
        return Open()
    if (owner := situation.limits.managed_by) is not None:
        return Hold(f"the stack belongs to {owner}: trueup only observes it")
    owners = {
        record.address: owner
        for record in situation.findings
        if (owner := owner_of(record.details)) is not None
    }
    for address, owner in owners.items():
        return Hold(f"{address} belongs to {owner}, as its tags say", about=frozenset(owners))
    return Open()


GUARD: Final = Guard("other_owner", ask, at=BEFORE_EFFECT)
