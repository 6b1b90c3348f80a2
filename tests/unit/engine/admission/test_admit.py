"""How the answers of several guards become one, and what a guard that breaks does."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from reconciler.domain.errors import PermanentError
from reconciler.domain.records import Approval
from reconciler.domain.remediation_states import BEFORE_EFFECT, RemediationState
from reconciler.engine.admission.admit import Admission, admit
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation, Stage, stage_of
from reconciler.engine.admission.table import GUARDS
from tests.unit.engine.admission.situations import NOW, approval, remediation
from tests.unit.engine.admission.situations import situation as made

ASKS, HOLDS, REFUSES = NeedsApproval("look"), Hold("wait"), Refuse("never")
TWO = NeedsApproval("look, two of you", count=2)


def answering(*answers: Answer) -> list[Guard]:
    def guard(number: int, answer: Answer) -> Guard:
        return Guard(f"g{number}", lambda _: answer)

    return [guard(number, answer) for number, answer in enumerate(answers)]


JOINED: list[tuple[str, tuple[Answer, ...], RemediationState, Admission]] = [
    ("all are open", (Open(), Open()), RemediationState.PLANNING, Admission(Open())),
    ("one holds", (Open(), HOLDS), RemediationState.QUEUED, Admission(HOLDS, "g1")),
    ("the first hold counts", (HOLDS, Hold("b")), RemediationState.QUEUED, Admission(HOLDS, "g0")),
    (
        "a person looks while it is held",
        (HOLDS, ASKS),
        RemediationState.PLANNING,
        Admission(ASKS, "g1"),
    ),
    ("a plan is made to be looked at", (ASKS,), RemediationState.QUEUED, Admission(Open())),
    (
        "no plan is made under a hold",
        (ASKS, HOLDS),
        RemediationState.QUEUED,
        Admission(HOLDS, "g1"),
    ),
    (
        "no plan is made before somebody approves",
        (HOLDS, NeedsApproval("look", before_plan=True)),
        RemediationState.DECIDED,
        Admission(NeedsApproval("look", before_plan=True), "g1"),
    ),
    (
        "once it is queued a plan is made",
        (NeedsApproval("look", before_plan=True),),
        RemediationState.QUEUED,
        Admission(Open()),
    ),
    (
        "a refusal goes before all",
        (HOLDS, ASKS, REFUSES),
        RemediationState.PLANNING,
        Admission(REFUSES, "g2"),
    ),
    ("the most persons count", (ASKS, TWO, ASKS), RemediationState.PLANNING, Admission(TWO, "g1")),
]


@pytest.mark.parametrize(
    ("answers", "state", "joined"), [row[1:] for row in JOINED], ids=[row[0] for row in JOINED]
)
def test_answers_become_one(
    answers: tuple[Answer, ...], state: RemediationState, joined: Admission
) -> None:
    assert admit(made(state), answering(*answers)) == joined


APPROVALS: list[tuple[str, NeedsApproval, tuple[Approval, ...], int | None]] = [
    ("nobody yet", ASKS, (), 0),
    ("one", ASKS, (approval(),), None),
    ("of another plan", ASKS, (approval(digest="other"),), 0),
    ("one of two", TWO, (approval("ann"),), 1),
    ("one person twice is one", TWO, (approval("ann"), approval("ann")), 1),
    ("two", TWO, (approval("ann"), approval("bob")), None),
    ("of those who may", NeedsApproval("x", who=("bob",)), (approval("ann"),), 0),
    ("who asked does not count", NeedsApproval("x", excluding=("ann",)), (approval("ann"),), 0),
    (
        "who asked and another",
        NeedsApproval("x", excluding=("ann",)),
        (approval("ann"), approval("bob")),
        None,
    ),
]


@pytest.mark.parametrize(
    ("needed", "approvals", "missing"),
    [row[1:] for row in APPROVALS],
    ids=[row[0] for row in APPROVALS],
)
def test_approvals_are_counted_by_person_and_plan(
    needed: NeedsApproval, approvals: tuple[Approval, ...], missing: int | None
) -> None:
    found = admit(made(about={"approvals": approvals}), answering(needed))
    want = Admission(Open()) if missing is None else Admission(needed, "g0", missing)
    assert found == want


def test_a_guard_that_breaks_holds_and_says_no_more_than_where() -> None:
    def breaks(_: Situation) -> Answer:
        raise ValueError("password=hunter2")

    def fails(_: Situation) -> Answer:
        raise PermanentError("no windows file")

    for ask, words in (
        (breaks, "an unexpected ValueError at test_admit.py"),
        (fails, "no windows"),
    ):
        found = admit(made(), [*answering(Open()), Guard("broken", ask)])
        assert isinstance(found.answer, Hold)
        assert found.guard == "broken"
        assert f"guard broken cannot be evaluated: {words}" in found.answer.reason
        assert "hunter2" not in found.answer.reason


def test_a_guard_is_asked_at_its_stages_only() -> None:
    guard = Guard("g", lambda _: HOLDS, at=frozenset({Stage.APPLY}))
    assert admit(made(RemediationState.QUEUED), [guard]) == Admission(Open())
    assert admit(made(RemediationState.PLANNING), [guard]) == Admission(HOLDS, "g")


def test_a_hold_is_looked_at_again_when_it_may_be_over() -> None:
    second, hour = timedelta(seconds=1), timedelta(hours=1)
    assert Hold("x").next_at(NOW) == NOW + timedelta(seconds=60)
    assert Hold("x", NOW + second).next_at(NOW) == NOW + second
    assert Hold("x", NOW + hour).next_at(NOW) == NOW + timedelta(seconds=60)
    assert Hold("x", NOW - hour).next_at(NOW) == NOW


def test_every_state_before_an_effect_but_waiting_has_a_stage() -> None:
    for state in BEFORE_EFFECT - {RemediationState.AWAITING_APPROVAL}:
        assert stage_of(remediation(state)) in Stage


def test_every_guard_is_asked_before_the_intent_is_written() -> None:
    assert [guard.name for guard in GUARDS if Stage.APPLY not in guard.at] == []
    names = [guard.name for guard in GUARDS]
    assert len(names) == len(set(names))


def test_in_a_quiet_situation_every_guard_is_open() -> None:
    for state in BEFORE_EFFECT - {RemediationState.AWAITING_APPROVAL}:
        assert admit(made(state)) == Admission(Open())


def test_the_documentation_lists_every_guard_in_order() -> None:
    page = Path(__file__).parents[4] / "docs" / "guards.md"
    guards, _, _ = page.read_text().partition("## Limits")
    rows = re.findall(r"^\| `(\w+)` \|", guards, re.MULTILINE)
    assert rows == [guard.name for guard in GUARDS]


def test_every_guard_has_a_table_of_cases() -> None:
    here = {one.name for one in Path(__file__).parent.glob("test_*.py")}
    assert {f"test_{guard.name}.py" for guard in GUARDS} <= here
