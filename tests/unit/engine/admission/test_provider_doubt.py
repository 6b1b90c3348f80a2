from __future__ import annotations

import pytest

from reconciler.domain.model import ProviderDoubt
from reconciler.domain.policy import ActionType
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.provider_doubt import GUARD
from tests.unit.engine.admission.situations import A, B, Case, approval, finding, stack
from tests.unit.engine.admission.situations import situation as made

DOUBTED = stack(provider_doubts=(ProviderDoubt("cloud", "region edited"),))
OTHER = stack(provider_doubts=(ProviderDoubt("other", "region edited"),))
WHOLE = stack(provider_doubts=(ProviderDoubt("", "another state"),))

CASES = [
    Case("no doubt", made(), Open()),
    Case(
        "its provider is in doubt",
        made(stack=DOUBTED),
        Hold("region edited", about=frozenset({A})),
    ),
    Case("another provider is in doubt", made(stack=OTHER), Open()),
    Case(
        "the whole stack is in doubt",
        made(stack=WHOLE),
        Hold("another state", about=frozenset({A})),
    ),
    Case(
        "the provider of one of two",
        made(stack=OTHER, findings=(finding(), finding(B, details={"provider": "other"}))),
        Hold("region edited", about=frozenset({B})),
    ),
    Case(
        "a finding that names no provider",
        made(stack=OTHER, findings=(finding(details={}),)),
        Hold("region edited", about=frozenset({A})),
    ),
    Case("a person asked", made(stack=DOUBTED, about={"policy_id": None}), Open()),
    Case(
        "a person will see the plan",
        made(stack=DOUBTED, about={"action_type": ActionType.MANUAL_REVIEW}),
        Open(),
    ),
    Case("a person approved", made(stack=DOUBTED, about={"approvals": (approval(),)}), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_nothing_is_corrected_unasked_through_a_provider_in_doubt(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
