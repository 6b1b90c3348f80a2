"""A script runs as isolated as its rule asks, or not at all."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.answers import Answer, Hold, Open
from reconciler.engine.admission.guard import ONCE_PLANNED, Guard
from reconciler.engine.admission.situation import Situation


def ask(situation: Situation) -> Answer:
    """Hold a script that this host cannot isolate; no approval lifts it."""
    script = situation.plan.script if situation.plan is not None else None
    if script is None or script.lack is None:
        return Open()
    return Hold(
        f"script {script.rule.name!r} cannot be isolated: {script.lack}; allow namespaces on this"
        " host, or set `isolated = false` and `network = true` in its [[script]]"
    )


GUARD: Final = Guard("script", ask, at=ONCE_PLANNED)
