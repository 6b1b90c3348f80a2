from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.domain import records
from reconciler.domain.records import RemediationId
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.breaker import GUARD
from tests.unit.engine.admission.past import OK, past, run
from tests.unit.engine.admission.situations import MINUTE, NOW, Case, approval
from tests.unit.engine.admission.situations import situation as made

TRIPPED = records.Hold("trueup", "breaker: 3 failed", NOW - MINUTE, unasked=True)
UNTIL_RESUMED = Hold("breaker: 3 failed; `trueup resume` lets corrections go on")
ENDED = timedelta(seconds=30)

CASES = [
    Case("nothing failed", made(activity=past(run(1, OK), run(2, OK))), Open()),
    Case("two failed", made(activity=past(run(1), run(2), run(3, OK))), Open()),
    Case(
        "three failed in a row",
        made(activity=past(run(1), run(2), run(3), run(4, OK))),
        Hold("the last 3 corrections of the stack failed", NOW + 59 * MINUTE + ENDED),
    ),
    Case("not in a row", made(activity=past(run(1), run(2, OK), run(3), run(4))), Open()),
    Case("one trial after the pause", made(activity=past(run(61), run(62), run(63))), Open()),
    Case(
        "the trial fails",
        made(activity=past(run(2), run(80), run(81), run(82))),
        Hold("the last 4 corrections of the stack failed", NOW + 58 * MINUTE + ENDED),
    ),
    Case("the breaker of all", made(holds=(TRIPPED,)), UNTIL_RESUMED),
    Case(
        "what a person approved goes on",
        made(holds=(TRIPPED,), about={"approvals": (approval(),)}),
        Open(),
    ),
    Case("a hold is another guard's", made(holds=(replace(TRIPPED, unasked=False),)), Open()),
    Case(
        "another stack is in doubt",
        made(activity=past(in_doubt=RemediationId("m2"))),
        Hold("how the apply of remediation m2 ended is not known"),
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_corrections_that_fail_stop(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
