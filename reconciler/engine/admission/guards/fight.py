"""What is corrected again and again is a fight with somebody else, and a person ends it."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from reconciler.domain.activity import LOOKED_BACK
from reconciler.domain.ownership import other_writer
from reconciler.domain.records import FindingRecord
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold a resource that was corrected so often within a day already, and name both writers."""
    most = situation.limits.fights
    if not situation.unasked or not most:
        return Open()
    fought = [record for record in situation.findings if len(_corrected(record, situation)) >= most]
    if not fought:
        return Open()
    corrected = _corrected(fought[0], situation)
    ours = f"policy {situation.policy!r}" if situation.policy else "a policy"
    theirs = other_writer(fought[0].details) or "a writer that its tags do not name"
    return Hold(
        f"fight over {fought[0].address}: {ours} corrected it {len(corrected)} times within a"
        f" day, and {theirs} changed it back; leave it to one of them, or ignore it",
        corrected[-most] + LOOKED_BACK,
        about=frozenset(record.address for record in fought),
    )


def _corrected(record: FindingRecord, situation: Situation) -> list[datetime]:
    return [past.at for past in situation.history if record.address in past.addresses]


GUARD: Final = Guard("fight", ask, at=BEFORE_EFFECT)
