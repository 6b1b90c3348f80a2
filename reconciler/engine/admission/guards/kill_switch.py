"""Nothing begins on what somebody put on hold: everything, a stack or a resource."""

from __future__ import annotations

from typing import Final

from reconciler.domain import records
from reconciler.domain.globs import glob_covers
from reconciler.domain.model import ResourceAddress
from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import BEFORE_EFFECT, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold until the hold is released or its time has passed; the widest one is named."""
    for hold in situation.holds:
        if hold.unasked or hold.has_ended(now=situation.now) or not _is_about(hold, situation):
            continue
        held = hold.scope or "all corrections"
        about = _held(hold, situation) if hold.address else frozenset()
        return Hold(f"{hold.by} put {held} on hold: {hold.reason}", hold.until, about)
    return Open()


def _is_about(hold: records.Hold, situation: Situation) -> bool:
    if hold.stack not in (None, situation.remediation.stack):
        return False
    return hold.address is None or bool(_held(hold, situation))


def _held(hold: records.Hold, situation: Situation) -> frozenset[ResourceAddress]:
    """Return what is touched of the resource or module on hold, cut off or connected again."""
    touched = {record.address for record in situation.findings}
    if situation.plan is not None:
        touched |= {resource.address for resource in situation.plan.resources}
    touched |= {*situation.isolates, *_connected_again(situation)}
    return frozenset(address for address in touched if glob_covers(hold.address or "*", address))


def _connected_again(situation: Situation) -> frozenset[ResourceAddress]:
    """Return what a release makes reachable: it is planned as the edges alone."""
    return frozenset(
        edge.isolates
        for quarantine in situation.quarantines
        if quarantine.release == situation.remediation.id
        for edge in quarantine.edges
    )


GUARD: Final = Guard("kill_switch", ask, at=BEFORE_EFFECT)
