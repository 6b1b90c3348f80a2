"""Every guard, in the order in which their reasons go before each other."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.guards import (
    approved_plan,
    confirmation,
    flapping,
    kill_switch,
    manual_review,
    policy,
    provider_doubt,
    quarantine,
    restoration,
    stack_busy,
    stack_health,
    undeclared,
)

GUARDS: Final[tuple[Guard, ...]] = (
    confirmation.GUARD,
    quarantine.GUARD,
    undeclared.GUARD,
    approved_plan.GUARD,
    manual_review.GUARD,
    policy.GUARD,
    flapping.GUARD,
    restoration.GUARD,
    kill_switch.GUARD,
    stack_busy.GUARD,
    stack_health.GUARD,
    provider_doubt.GUARD,
)
