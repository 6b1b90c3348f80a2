from __future__ import annotations

import pytest

from reconciler.domain.next_commands import next_commands
from reconciler.domain.remediation_states import FOR_PERSON, OPEN, RemediationState


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
