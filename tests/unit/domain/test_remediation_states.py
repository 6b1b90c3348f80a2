from __future__ import annotations

import itertools

import pytest

from reconciler.domain.remediation_states import (
    BEFORE_EFFECT,
    IN_EFFECT,
    OPEN,
    TERMINAL,
    Event,
    IllegalTransitionError,
    RemediationState,
    next_state,
    transitions,
)

TABLE = transitions()
PAIRS = list(itertools.product(RemediationState, Event))


@pytest.mark.parametrize(("state", "event"), PAIRS)
def test_a_pair_leads_where_the_table_says_or_is_refused(
    state: RemediationState, event: Event
) -> None:
    if (state, event) in TABLE:
        assert next_state(state, event) is TABLE[state, event]
        return
    with pytest.raises(IllegalTransitionError, match=f"{event} means nothing"):
        next_state(state, event)


def test_nothing_leads_out_of_an_end() -> None:
    assert not [pair for pair in TABLE if pair[0] in TERMINAL]


def test_every_open_state_leads_to_an_end() -> None:
    reach = {
        state: {to for (at, _), to in TABLE.items() if at is state} for state in RemediationState
    }
    for start in OPEN:
        seen, waiting = {start}, [start]
        while waiting:
            fresh = reach[waiting.pop()] - seen
            seen |= fresh
            waiting += fresh
        assert seen & TERMINAL, start


def test_every_state_but_the_first_is_reached() -> None:
    assert set(TABLE.values()) == set(RemediationState) - {RemediationState.DETECTED}


def test_only_a_plan_leads_into_an_apply() -> None:
    assert [pair for pair, to in TABLE.items() if to is RemediationState.APPLYING] == [
        (RemediationState.PLANNING, Event.APPLY_STARTED)
    ]


def test_doubt_never_leads_straight_into_an_apply() -> None:
    assert RemediationState.APPLYING not in {
        to for (at, _), to in TABLE.items() if at is RemediationState.UNKNOWN
    }


@pytest.mark.parametrize("state", sorted(IN_EFFECT | {RemediationState.NEEDS_HUMAN}))
def test_what_may_have_changed_something_is_never_just_cancelled(state: RemediationState) -> None:
    assert (state, Event.CANCELLED) not in TABLE


def test_the_sets_of_states_fit_together() -> None:
    assert set(RemediationState) == OPEN | TERMINAL
    assert not OPEN & TERMINAL
    assert BEFORE_EFFECT | IN_EFFECT | {RemediationState.NEEDS_HUMAN} == OPEN
