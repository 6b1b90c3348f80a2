"""What drifts and heals by itself, again and again, has a writer that a correction would meet."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from reconciler.domain.ownership import other_writer
from reconciler.domain.records import FindingRecord
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import HISTORY, Situation


def ask(situation: Situation) -> Answer:
    """Hold a resource that healed without a correction so often within a day already."""
    most = situation.limits.flaps
    if not situation.unasked or not most:
        return Open()
    flapping = [record for record in situation.findings if len(_flaps(record, situation)) >= most]
    if not flapping:
        return Open()
    times = _flaps(flapping[0], situation)
    writer = other_writer(flapping[0].details) or "a writer that its tags do not name"
    return Hold(
        f"{flapping[0].address} flaps: it drifted and healed without a correction {len(times)}"
        f" times within a day, by {writer}; find it, or ignore the drift",
        times[-most] + HISTORY,
        about=frozenset(record.address for record in flapping),
    )


def _flaps(record: FindingRecord, situation: Situation) -> list[datetime]:
    """Return when its drift went away by itself: each correction of ours made it go once."""
    ours = sum(record.address in past.addresses for past in situation.history)
    return list(situation.healed.get(record.address, ()))[ours:]


GUARD: Final = Guard("flapping", ask, at=BEFORE_EFFECT)
