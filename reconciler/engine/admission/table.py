"""Every guard, in the order in which their reasons go before each other."""

from __future__ import annotations

from typing import Final

from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.guards import (
    approved_plan,
    approvers,
    attempts,
    blast_radius,
    breaker,
    budget,
    confirmation,
    fight,
    flapping,
    fleet_share,
    kill_switch,
    manual_review,
    mode,
    never_auto,
    other_owner,
    policy,
    provider_doubt,
    quarantine,
    ramp,
    restoration,
    script,
    stack_busy,
    stack_health,
    undeclared,
    window,
)

GUARDS: Final[tuple[Guard, ...]] = (
    confirmation.GUARD,
    quarantine.GUARD,
    undeclared.GUARD,
    approved_plan.GUARD,
    manual_review.GUARD,
    policy.GUARD,
    restoration.GUARD,
    never_auto.GUARD,
    blast_radius.GUARD,
    approvers.GUARD,
    kill_switch.GUARD,
    mode.GUARD,
    other_owner.GUARD,
    window.GUARD,
    breaker.GUARD,
    fleet_share.GUARD,
    fight.GUARD,
    flapping.GUARD,
    attempts.GUARD,
    budget.GUARD,
    ramp.GUARD,
    stack_busy.GUARD,
    stack_health.GUARD,
    provider_doubt.GUARD,
    script.GUARD,
)
