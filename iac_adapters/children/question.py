"""Which questions a stack gives rise to: each managed parent, each type of child. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from iac_adapters.children.managed import Managed
from iac_adapters.children.rule import ELEMENT, ChildRule, fields_of, fields_within
from reconciler.domain.added_children import child_address
from reconciler.domain.model import ResourceAddress, Status
from reconciler.domain.values import Value

_IDENTITIES: Final = ("id", "arn", "name")
_LONGEST_IDENTITY: Final = 2048
PENDING: Final = "code of that type waits for its apply"


@dataclass(frozen=True, slots=True, repr=False)
class Question:
    """One type of child of one parent. `values` are the parent's attributes, as text.

    `proof` is the import id of a declared child of the same type: a question that was learnt
    from it counts only where that one is found. `held` says why it is not asked now, while what
    was found before stays as it is; empty where it is asked.
    """

    rule: ChildRule
    parent: Managed
    values: Mapping[str, str]
    label: str = ""
    proof: str | None = None
    held: str = ""

    @property
    def parent_address(self) -> ResourceAddress:
        """The parent's address."""
        return self.parent.address

    @property
    def type(self) -> str:
        """The child's type, as the stack's tool calls it."""
        provider = self.parent.provider
        return self.rule.child if provider is None else provider.called(self.rule.child)

    @property
    def key(self) -> str:
        """What the question is remembered by."""
        return self.address("")

    def address(self, element: str) -> ResourceAddress:
        """Return the address of a child: `aws_iam_user.ana/aws_iam_user_policy["admin"]`."""
        return child_address(self.parent_address, self.type, element or self.label)

    def concerns(self, address: str) -> bool:
        """Whether `address` is that of a child it asks for."""
        return address == self.key or address.startswith(f"{self.key}[")


@dataclass(frozen=True)
class Declared:
    """The resources of a stack by type, each as the set of the texts it holds."""

    resources: Iterable[Managed] = field(repr=False)

    @cached_property
    def _texts(self) -> dict[str, list[frozenset[str]]]:
        found: dict[str, list[frozenset[str]]] = {}
        for resource in self.resources:
            if attributes := resource.read():
                texts = frozenset(texts_in(attributes))
                found.setdefault(resource.type, []).append(texts)
        return found

    @cached_property
    def _pending(self) -> frozenset[str]:
        return frozenset(
            resource.type for resource in self.resources if resource.status is Status.NOT_CREATED
        )

    def is_pending(self, types: Iterable[str]) -> bool:
        """Whether code of one of `types` waits for its apply: whose it is cannot be told yet."""
        return any(name in self._pending for name in types)

    def holds(self, types: Iterable[str], *wanted: Iterable[str]) -> bool:
        """Whether a resource of one of `types` holds a text of each of `wanted`."""
        groups = [frozenset(texts) for texts in wanted]
        return any(
            all(texts & group for group in groups)
            for name in types
            for texts in self._texts.get(name, ())
        )

    def covers(self, types: Iterable[str], owner: str, texts: frozenset[str]) -> bool:
        """Whether a resource of one of `types` that names `owner` holds all of `texts`."""
        return any(
            owner in held and texts <= held for name in types for held in self._texts.get(name, ())
        )


def questions_of(
    resources: Iterable[Managed],
    rules_for: Callable[[Managed], Iterable[ChildRule]],
    declared: Declared,
) -> Iterator[Question]:
    """Yield every question about a parent that exists, in the order of the resources."""
    for resource in resources:
        rules = tuple(rules_for(resource)) if can_be_asked(resource) else ()
        values = texts_of(resource) if rules else {}
        for rule in rules:
            if not _is_declared(rule, values, declared):
                yield Question(rule, resource, values, held=_held(rule, values, declared))


def can_be_asked(resource: Managed) -> bool:
    """Whether it is an object that exists, and whose provider can be had."""
    return resource.status is Status.LIVE and resource.provider is not None


def texts_of(resource: Managed) -> dict[str, str]:
    """Return the recorded attributes that are short texts."""
    return {
        name: value
        for name, value in resource.read().items()
        if isinstance(value, str) and value and len(value) <= _LONGEST_IDENTITY
    }


def identities_of(question: Question) -> frozenset[str]:
    """Return the texts by which other resources refer to the parent."""
    rule, values = question.rule, question.values
    return _identities(rule, values)


def texts_in(value: Value) -> Iterator[str]:
    """Yield every short text in `value`, names of records without their final dot."""
    if isinstance(value, str):
        if len(value) <= _LONGEST_IDENTITY:
            yield value.rstrip(".")
    elif isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)


def _identities(rule: ChildRule, values: Mapping[str, str]) -> frozenset[str]:
    own = fields_of(rule.id) | (fields_of(rule.listing.id) if rule.listing else frozenset())
    return frozenset(values[name] for name in {*_IDENTITIES, *own} if name in values)


def _held(rule: ChildRule, values: Mapping[str, str], declared: Declared) -> str:
    """Return why the children of a parent cannot be told now; empty where they can."""
    missing = sorted(_wanted(rule) - values.keys())
    if missing:
        return f"the record of its parent holds no {missing[0]}"
    return PENDING if declared.is_pending(rule.declaring - {rule.parent}) else ""


def _wanted(rule: ChildRule) -> frozenset[str]:
    """Return the attributes of the parent that it takes to ask."""
    listing = rule.listing
    listed = (listing.id, dict(listing.arguments or {})) if listing is not None else ()
    return fields_within([rule.id, dict(rule.shows), *listed]) - {ELEMENT}


def _is_declared(rule: ChildRule, values: Mapping[str, str], declared: Declared) -> bool:
    """Whether the one child, or the whole list, is declared: then it is judged by itself."""
    types = {rule.child} if rule.listing is None else {rule.listing.source} - {rule.parent}
    return declared.holds(types, _identities(rule, values))
