from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.attempts import GUARD
from tests.unit.engine.admission.past import OK, past, run
from tests.unit.engine.admission.situations import MINUTE, NOW, Case
from tests.unit.engine.admission.situations import situation as made

DAY = timedelta(days=1)
WHY = "3 runs within an hour did not correct this drift; it is excepted until then"
ENDED = timedelta(seconds=30)

CASES = [
    Case("no run", made(), Open()),
    Case("two", made(activity=past(run(1), run(2))), Open()),
    Case(
        "three", made(activity=past(run(1), run(2), run(3))), Hold(WHY, NOW - MINUTE + ENDED + DAY)
    ),
    Case(
        "two of them ended well and did not help",
        made(activity=past(run(1, OK, helped=False), run(2, OK, helped=False), run(3))),
        Hold(WHY, NOW - MINUTE + ENDED + DAY),
    ),
    Case("one helped", made(activity=past(run(1), run(2, OK), run(3))), Open()),
    Case("over more than an hour", made(activity=past(run(1), run(2), run(62))), Open()),
    Case("of another drift", made(activity=past(*(run(n, drift="cd") for n in (1, 2, 3)))), Open()),
    Case("a day later", made(activity=past(*(run(n) for n in (1441, 1442, 1443)))), Open()),
    Case(
        "no exceptions",
        made(activity=past(run(1), run(2), run(3)), limits=Guardrails(exception=timedelta())),
        Open(),
    ),
    Case(
        "a person asked",
        made(activity=past(run(1), run(2), run(3)), about={"policy_id": None}),
        Open(),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_does_not_help_is_excepted(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
