from __future__ import annotations

from typing import Any

import pytest

from reconciler.domain.activity import Activity
from reconciler.domain.guardrails import Guardrails
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.fleet_share import GUARD
from reconciler.engine.admission.situation import Situation
from tests.unit.engine.admission.situations import Case, approval
from tests.unit.engine.admission.situations import situation as made


def drifted(newly: int, stacks: int, **parts: Any) -> Situation:
    return made(activity=Activity(newly_drifted=newly, stacks=stacks), **parts)


CASES = [
    Case("one stack of one", drifted(1, 1), Open()),
    Case("two of two", drifted(2, 2), Open()),
    Case("exactly the share", drifted(4, 10), Open()),
    Case(
        "more than the share",
        drifted(41, 100),
        Hold(
            "41 of 100 stacks drifted within an hour, which is more than 40 %: look for one cause"
        ),
    ),
    Case("a wider share", drifted(9, 10, limits=Guardrails(fleet_percent=100)), Open()),
    Case("a person approved it", drifted(9, 10, about={"approvals": (approval(),)}), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_when_most_drifts_at_once_nothing_is_corrected(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
