from __future__ import annotations

import pytest

from reconciler.domain.guardrails import Guardrails
from reconciler.domain.plan import Action
from reconciler.engine.admission.answers import NeedsApproval, Open
from reconciler.engine.admission.guards.never_auto import GUARD
from tests.unit.engine.admission.situations import A, B, Case, approval, plan, planned
from tests.unit.engine.admission.situations import situation as made


def of_type(name: str) -> Case:
    situation = made(plan=plan(planned(of_type=name)))
    glob = PROTECTED[name]
    return Case(
        name,
        situation,
        NeedsApproval(f"thing.a is of a protected type ({glob})", about=frozenset({A})),
    )


PROTECTED = {
    "aws_db_instance": "*db_instance*",
    "aws:rds/cluster:Cluster": "aws_rds_*",
    "aws_kms_key": "aws_kms_*",
    "aws:iam/role:Role": "aws_iam_*",
    "aws_route53_zone": "aws_route53_zone*",
    "aws_vpc": "aws_vpc",
    "azurerm_key_vault": "azurerm_key_vault*",
    "gcp:compute/network:Network": "google_compute_network",
}

CASES = [
    Case("an update", made(plan=plan(planned())), Open()),
    Case("a security group", made(plan=plan(planned(of_type="aws_security_group"))), Open()),
    Case("a creation", made(plan=plan(planned(action=Action.CREATE))), Open()),
    Case(
        "a deletion beside an update",
        made(plan=plan(planned(A), planned(B, Action.DELETE))),
        NeedsApproval("thing.b would be deleted", about=frozenset({B})),
    ),
    Case(
        "a replacement",
        made(plan=plan(planned(action=Action.REPLACE))),
        NeedsApproval("thing.a would be replaced", about=frozenset({A})),
    ),
    Case(
        "a person approved it",
        made(plan=plan(planned(action=Action.DELETE)), about={"approvals": (approval(),)}),
        Open(),
    ),
    Case(
        "types of one's own",
        made(plan=plan(planned()), limits=Guardrails(protected_types=("thi*",))),
        NeedsApproval("thing.a is of a protected type (thi*)", about=frozenset({A})),
    ),
    *map(of_type, PROTECTED),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_deletion_or_a_protected_type_is_never_changed_unasked(case: Case) -> None:
    assert GUARD.ask(case.situation) == case.answer
