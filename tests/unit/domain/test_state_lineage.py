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


@pytest.mark.parametrize(
    ("now", "words"),
    [
        (StateMark("checkpoint of shop/dev", 1_800_000_000), None),
        (StateMark("checkpoint of shop/dev", 1_799_999_940),
         "older copy: it is the checkpoint of shop/dev that was written at 2027-01-15T07:59:00Z"),
        (StateMark("checkpoint of shop/prod", 1_800_000_060), "another one: it is the checkpoint"),
        (StateMark(), "the state is gone: the checkpoint of shop/dev that was written at 2027"),
    ],
)  # fmt: skip
def test_a_checkpoint_is_told_by_when_it_was_written(now: StateMark, words: str | None) -> None:
    doubt = state_doubt(StateMark("checkpoint of shop/dev", 1_800_000_000), now, stack="shop")
    assert (doubt is None) is (words is None)
    if doubt is not None and words is not None:
        assert words in doubt.reason
