from __future__ import annotations

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.engine.admission.answers import Hold, Open
from reconciler.engine.admission.guards.other_owner import GUARD
from reconciler.engine.admission.situation import Situation
from tests.unit.engine.admission.situations import A, Case, finding
from tests.unit.engine.admission.situations import situation as made

ATLANTIS = Guardrails(managed_by="Atlantis")


def tagged(path: str, live: object) -> Situation:
    return made(findings=(finding(details={"changes": [{"path": path, "live": live}]}),))


CASES = [
    Case("nobody else", made(), Open()),
    Case(
        "the stack is another's",
        made(limits=ATLANTIS),
        Hold("the stack belongs to Atlantis: trueup only observes it"),
    ),
    Case("a person asked", made(limits=ATLANTIS, about={"policy_id": None}), Open()),
    Case(
        "a tag says so",
        tagged('tags["ManagedBy"]', "crossplane"),
        Hold("thing.a belongs to crossplane, as its tags say", about=frozenset({A})),
    ),
    Case(
        "a map of tags says so",
        tagged("labels", {"managed-by": "config-connector"}),
        Hold("thing.a belongs to config-connector, as its tags say", about=frozenset({A})),
    ),
    Case("a tag names the tool itself", tagged("tags.ManagedBy", "Terraform"), Open()),
    Case("an attribute is no tag", tagged("description.ManagedBy", "x"), Open()),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_what_another_system_reconciles_is_left_to_it(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
