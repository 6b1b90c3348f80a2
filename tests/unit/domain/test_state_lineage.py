from __future__ import annotations

import pytest

from reconciler.domain.state_lineage import WHOLE_STACK, StateMark, state_doubt

KNOWN = StateMark("a-b-c", 7)


@pytest.mark.parametrize(
    ("known", "now"),
    [
        (StateMark(), StateMark()),
        (StateMark(), KNOWN),
        (KNOWN, KNOWN),
        (KNOWN, StateMark("a-b-c", 8)),
        (StateMark("a-b-c", None), KNOWN),
        (KNOWN, StateMark("a-b-c", None)),
    ],
)
def test_a_state_that_follows_the_last_one_is_not_doubted(known: StateMark, now: StateMark) -> None:
    assert state_doubt(known, now, stack="shop") is None


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (StateMark("", 0), "the state is gone"),
        (StateMark("x-y-z", 9), "another one: it has the lineage x-y-z"),
        (StateMark("a-b-c", 6), "an older copy: it has the serial 6"),
    ],
    ids=["gone", "foreign", "older"],
)
def test_a_state_that_does_not_follow_is_doubted_as_a_whole(now: StateMark, words: str) -> None:
    doubt = state_doubt(KNOWN, now, stack="shop")
    assert doubt is not None
    assert doubt.provider == WHOLE_STACK
    assert words in doubt.reason
    assert "the lineage a-b-c with the serial 7 was read before" in doubt.reason
