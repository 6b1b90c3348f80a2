"""Questions are spread over scans: never more than their share, and none waits for ever."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.children.managed import Managed
from iac_adapters.children.question import Question
from iac_adapters.children.rule import ChildRule, Listing
from iac_adapters.children.turns import SHARE, Turn, take_turns
from reconciler.domain.model import ResourceAddress, Severity, Status

RANKS = st.lists(st.sampled_from(sorted(Severity)), min_size=1, max_size=30)


def question(number: int, rank: Severity, *, by_data: bool = False) -> Question:
    listing = Listing("lister", "ids", arguments={}) if by_data else None
    rule = ChildRule("parent", f"child_{number}", rank, id="{id}", listing=listing)
    parent = Managed(ResourceAddress(f"parent.p{number}"), "parent", Status.LIVE)
    return Question(rule, parent, values={})


def scans(
    questions: list[Question], *, reads: int, count: int
) -> tuple[dict[str, Turn], list[int], list[str]]:
    asked: dict[str, Turn] = {}
    credit, calls, order = 0.0, [], []
    for scan in range(1, count + 1):
        turns = take_turns(questions, asked, scan=scan, reads=reads, credit=credit)
        credit = turns.credit
        calls.append(sum(one.rule.base_calls for one in turns.chosen))
        for one in turns.chosen:
            order.append(one.key)
            asked[one.key] = Turn(scan, found=False)
    return asked, calls, order


@given(RANKS, st.integers(min_value=1, max_value=200), st.integers(min_value=1, max_value=40))
def test_no_run_of_scans_asks_more_than_a_tenth_of_its_reads(
    ranks: list[Severity], reads: int, count: int
) -> None:
    questions = [question(number, rank) for number, rank in enumerate(ranks)]
    _, calls, _ = scans(questions, reads=reads, count=count)
    for upto in range(1, count + 1):
        assert sum(calls[:upto]) <= upto * reads * SHARE + 1e-6


@given(RANKS)
def test_every_question_has_its_turn(ranks: list[Severity]) -> None:
    questions = [question(number, rank) for number, rank in enumerate(ranks)]
    asked, _, _ = scans(questions, reads=20, count=len(questions) + 1)
    assert set(asked) == {one.key for one in questions}


@given(RANKS)
def test_what_was_never_asked_goes_by_danger(ranks: list[Severity]) -> None:
    questions = [question(number, rank) for number, rank in enumerate(ranks)]
    by_key = {one.key: one.rule.rank for one in questions}
    _, _, order = scans(questions, reads=20, count=len(questions))
    first = [by_key[key] for key in order[: len(questions)]]
    assert first == sorted(first, reverse=True)


def test_a_child_that_was_found_is_asked_for_again_before_others() -> None:
    questions = [question(number, Severity.HIGH) for number in range(4)]
    asked = {one.key: Turn(scan=5, found=False) for one in questions}
    asked[questions[2].key] = Turn(scan=5, found=True)
    turns = take_turns(questions, asked, scan=7, reads=20, credit=0.0)
    assert turns.chosen == (questions[2],)


def test_a_small_stack_saves_until_it_may_ask() -> None:
    questions = [question(0, Severity.CRITICAL)]
    _, calls, _ = scans(questions, reads=5, count=5)
    assert calls == [0, 0, 0, 2, 0]
