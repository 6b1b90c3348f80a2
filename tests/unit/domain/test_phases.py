from __future__ import annotations

import itertools

import pytest

from reconciler.domain.phases import (
    BEFORE_EFFECT,
    IN_EFFECT,
    OPEN,
    TERMINAL,
    Event,
    IllegalTransitionError,
    Phase,
    next_phase,
    transitions,
)

TABLE = transitions()
PAIRS = list(itertools.product(Phase, Event))


@pytest.mark.parametrize(("phase", "event"), PAIRS)
def test_a_pair_leads_where_the_table_says_or_is_refused(phase: Phase, event: Event) -> None:
    if (phase, event) in TABLE:
        assert next_phase(phase, event) is TABLE[phase, event]
        return
    with pytest.raises(IllegalTransitionError, match=f"{event} means nothing"):
        next_phase(phase, event)


def test_nothing_leads_out_of_an_end() -> None:
    assert not [pair for pair in TABLE if pair[0] in TERMINAL]


def test_every_open_phase_leads_to_an_end() -> None:
    reach = {phase: {to for (at, _), to in TABLE.items() if at is phase} for phase in Phase}
    for start in OPEN:
        seen, waiting = {start}, [start]
        while waiting:
            fresh = reach[waiting.pop()] - seen
            seen |= fresh
            waiting += fresh
        assert seen & TERMINAL, start


def test_every_phase_but_the_first_is_reached() -> None:
    assert set(TABLE.values()) == set(Phase) - {Phase.DETECTED}


def test_only_a_plan_leads_into_an_apply() -> None:
    assert [pair for pair, to in TABLE.items() if to is Phase.APPLYING] == [
        (Phase.PLANNING, Event.APPLY_STARTED)
    ]


def test_doubt_never_leads_straight_into_an_apply() -> None:
    assert Phase.APPLYING not in {to for (at, _), to in TABLE.items() if at is Phase.UNKNOWN}


@pytest.mark.parametrize("phase", sorted(IN_EFFECT | {Phase.NEEDS_HUMAN}))
def test_what_may_have_changed_something_is_never_just_cancelled(phase: Phase) -> None:
    assert (phase, Event.CANCELLED) not in TABLE


def test_the_sets_of_phases_fit_together() -> None:
    assert set(Phase) == OPEN | TERMINAL
    assert not OPEN & TERMINAL
    assert BEFORE_EFFECT | IN_EFFECT | {Phase.NEEDS_HUMAN} == OPEN
