from __future__ import annotations

import pytest

from reconciler.domain.next_commands import holds_everybody, next_commands
from reconciler.domain.remediation_states import FOR_PERSON, OPEN, RemediationState
from reconciler.engine.admission.table import GUARDS


@pytest.mark.parametrize("run", ["", "run7"])
@pytest.mark.parametrize("state", list(RemediationState))
def test_what_waits_for_somebody_or_is_in_doubt_says_what_to_type(
    state: RemediationState, run: str
) -> None:
    commands = next_commands(
        state, remediation_id="rem1", run_id=run, finding_id="fin1", stack="shop"
    )
    waits = {*FOR_PERSON, RemediationState.UNKNOWN, RemediationState.HELD} & set(OPEN)
    assert commands or state not in waits
    assert all(command.startswith("trueup ") and "{" not in command for command in commands)
    assert run or not any(" log" in command for command in commands)


def test_a_hold_of_everybody_proposes_no_request_that_would_be_held_as_well() -> None:
    def of(guard: str) -> tuple[str, ...]:
        return next_commands(
            RemediationState.HELD,
            remediation_id="rem1", run_id="", finding_id="fin1", stack="shop", guard=guard,
        )  # fmt: skip

    assert of("ramp") == ("trueup cancel rem1 && trueup remediate fin1",)
    assert of("window") == ("trueup cancel rem1",)
    assert of("stack_health") == ("trueup stack scan shop",)


def test_the_guards_that_hold_everybody_are_named() -> None:
    of_all = {guard.name for guard in GUARDS if holds_everybody(guard.name)}
    assert of_all == {
        "kill_switch", "quarantine", "script", "stack_busy", "stack_health", "window",
    }  # fmt: skip
