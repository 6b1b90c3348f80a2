"""Children that stand in an attribute of their parent: which of them a change there added. Pure.

Each can be imported by an identity that follows from the parent and from what it holds, and
destroying it takes exactly that out of the attribute.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.domain.model import Change
from reconciler.domain.paths import root_of
from reconciler.domain.spelling import spellings
from reconciler.domain.undeclared_leaves import is_zero
from reconciler.domain.values import Sensitive, Value


@dataclass(frozen=True, slots=True)
class ShownChild:
    """One type of child that an attribute of its parent shows.

    `parents` and `attributes` are spelled as in Terraform first, then as Pulumi's are in rules.
    `identity` is what it is imported by, a template over the parent's attributes and
    `{element}`; `elements` yields for a value of the attribute what tells its children apart.
    """

    parents: tuple[str, ...]
    attributes: tuple[str, ...]
    type: str
    identity: str
    elements: Callable[[Value], Iterator[str]]

    @property
    def has_siblings(self) -> bool:
        """Whether a parent may have several, so that one may be added beside others."""
        return "{element}" in self.identity


def children_behind(
    type_name: str, changes: Sequence[Change]
) -> tuple[tuple[ShownChild, str], ...]:
    """Return the children that were added where `changes` are all they did.

    Empty where a change is anything else: then destroying children would not undo it.
    """
    found: list[tuple[ShownChild, str]] = []
    for change in changes:
        shown = _TABLE.get((type_name, _attribute(change)))
        elements = tuple(_elements(shown, change)) if shown is not None else ()
        if shown is None or not elements:
            return ()
        found += ((shown, element) for element in elements)
    return tuple(sorted(set(found), key=lambda pair: (pair[0].type, pair[1])))


def children_of(type_name: str) -> tuple[ShownChild, ...]:
    """Return the types of children that resources of a type show."""
    return tuple(child for child in SHOWN if type_name in child.parents)


def _attribute(change: Change) -> str:
    return spellings(root_of(change.path))[-1]


def _elements(shown: ShownChild, change: Change) -> Iterator[str]:
    """Yield the children that `change` added; nothing where it took away or altered some."""
    deepest = 1 if shown.has_siblings else 0
    if change.sensitive or isinstance(change.live, Sensitive) or _depth(change.path) > deepest:
        return
    before, live = change.recorded, change.live
    if isinstance(before, list) and isinstance(live, list):
        if any(item not in live for item in before):
            return
        live = [item for item in live if item not in before]
    elif not is_zero(before):
        return
    for item in live if isinstance(live, list) else [live]:
        if not is_zero(item):
            yield from shown.elements(item)


def _depth(path: str) -> int:
    """Return how many steps `path` goes below its attribute."""
    return path.count(".") + path.count("[")


def _itself(value: Value) -> Iterator[str]:
    del value
    yield ""


def _text(value: Value) -> Iterator[str]:
    if isinstance(value, str):
        yield value


def _name(value: Value) -> Iterator[str]:
    name = value.get("name") if isinstance(value, dict) else None
    if isinstance(name, str):
        yield name


def _rules(direction: str) -> Callable[[Value], Iterator[str]]:
    """Return what yields `ingress_tcp_22_22_0.0.0.0/0` for each source of a block of rules."""

    def elements(value: Value) -> Iterator[str]:
        if not isinstance(value, dict):
            return
        block = {spellings(name)[-1]: item for name, item in value.items()}
        protocol = block.get("protocol")
        ports = block.get("from_port") or 0, block.get("to_port") or 0
        if protocol is None:
            return
        for source in _sources(block):
            yield f"{direction}_{protocol}_{ports[0]}_{ports[1]}_{source}"

    return elements


def _sources(block: Mapping[str, Value]) -> Iterator[str]:
    for name in ("cidr_blocks", "ipv6_cidr_blocks", "prefix_list_ids", "security_groups"):
        items = block.get(name)
        yield from (str(item) for item in items or () if item) if isinstance(items, list) else ()
    if block.get("self") is True:
        yield "self"


_GROUP: Final = ("aws_security_group", "aws_ec2_security_group")
_RULE: Final = "aws_security_group_rule"

SHOWN: Final = (
    ShownChild(_GROUP, ("ingress", "ingresses"), _RULE, "{id}_{element}", _rules("ingress")),
    ShownChild(_GROUP, ("egress", "egresses"), _RULE, "{id}_{element}", _rules("egress")),
    ShownChild(
        ("aws_iam_role",),
        ("inline_policy", "inline_policies"),
        "aws_iam_role_policy",
        "{name}:{element}",
        _name,
    ),
    ShownChild(
        ("aws_iam_role",),
        ("managed_policy_arns",),
        "aws_iam_role_policy_attachment",
        "{name}/{element}",
        _text,
    ),
    ShownChild(
        ("aws_s3_bucket", "aws_s3_bucket_v2"),
        ("policy",),
        "aws_s3_bucket_policy",
        "{bucket}",
        _itself,
    ),
    ShownChild(
        ("aws_sqs_queue",),
        ("policy",),
        "aws_sqs_queue_policy",
        "{id}",
        _itself,
    ),
    ShownChild(
        ("aws_secretsmanager_secret",),
        ("policy",),
        "aws_secretsmanager_secret_policy",
        "{arn}",
        _itself,
    ),
)
"""What is not here has no destruction that takes away what was added, or no import."""

_TABLE: Final = {
    (parent, attribute): shown
    for shown in SHOWN
    for parent in shown.parents
    for attribute in shown.attributes
}
