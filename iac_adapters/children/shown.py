"""How children that their parent's own read shows are imported, to be destroyed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from iac_adapters.children.managed import Managed
from iac_adapters.children.question import Declared, Question, can_be_asked, texts_of
from iac_adapters.children.rule import ELEMENT, ChildRule, fields_of
from iac_adapters.shown_children import ShownChild, children_of
from reconciler.domain.model import Severity

_DECLARED_BY: Final = {
    "aws_security_group_rule": (
        "aws_vpc_security_group_ingress_rule",
        "aws_vpc_security_group_egress_rule",
    ),
    "aws_iam_role_policy_attachment": ("aws_iam_policy_attachment",),
}


def shown_questions(resources: Iterable[Managed], declared: Declared) -> Iterator[Question]:
    """Yield a question for each type of child that a resource shows itself.

    Nothing where code of that type waits for its apply: what is there may be its object.
    """
    for resource in resources:
        shown = children_of(resource.type) if can_be_asked(resource) and resource.is_aws else ()
        values = texts_of(resource) if shown else {}
        # Rules in and out of a group are of one type.
        for rule in {child.type: _rule(child) for child in shown}.values():
            known = fields_of(rule.id) - {ELEMENT} <= values.keys()
            if known and not declared.is_pending(rule.declaring):
                yield Question(rule, resource, values)


def _rule(shown: ShownChild) -> ChildRule:
    return ChildRule(
        parent=shown.parents[0],
        child=shown.type,
        rank=Severity.HIGH,
        id=shown.identity,
        declared_by=_DECLARED_BY.get(shown.type, ()),
    )
