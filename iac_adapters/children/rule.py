"""What is known of one type of child: how it is asked for, and what of it counts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from string import Formatter

from reconciler.domain.model import Severity
from reconciler.domain.values import Value

ELEMENT = "element"
"""The name by which a template refers to one of several children."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Who lists the children of a parent: a data source with `arguments`, or an import by `id`.

    `attribute` holds them: texts, or objects told apart by the attributes in `key`.
    `made_with` names the parent's attributes whose values the cloud made along with it.
    """

    source: str
    attribute: str
    key: tuple[str, ...] = ()
    arguments: Mapping[str, Value] | None = None
    id: str = ""
    made_with: tuple[str, ...] = ()

    @property
    def has_identities(self) -> bool:
        """Whether an element tells its object from every other one, whoever its parent is."""
        return self.attribute.endswith("ids")


@dataclass(frozen=True, slots=True)
class ChildRule:
    """One type of child under one type of parent.

    `id` is the child's import id, a template over the parent's attributes and `{element}`;
    without one a listed child is shown by `shows`, templates as well. `counts` are the
    attributes that are compared, `untouched` what a parent has there that nobody touched.
    `declared_by` names further types that declare such a child. With `first_look` the children
    that are there when the parent is first looked at are taken as right. `removed_by` is what a
    child is imported by to be destroyed, where that is not `id`; empty where destroying it takes
    nothing away, as of a default security group.
    """

    parent: str
    child: str
    rank: Severity
    id: str = ""
    counts: tuple[str, ...] = ()
    untouched: Mapping[str, Value] = field(default_factory=dict)
    listing: Listing | None = None
    shows: Mapping[str, str] = field(default_factory=dict)
    declared_by: tuple[str, ...] = ()
    first_look: bool = False
    removed_by: str | None = None

    @property
    def declaring(self) -> frozenset[str]:
        """The types whose resources declare such a child."""
        listed = () if self.listing is None else (self.listing.source,)
        return frozenset({self.child, *self.declared_by, *listed})

    @property
    def removal_id(self) -> str | None:
        """What a child is imported by to be destroyed; None where that takes nothing away."""
        return (self.id if self.removed_by is None else self.removed_by) or None

    @property
    def base_calls(self) -> int:
        """How many calls it takes to learn whether there is one."""
        by_data = self.listing is not None and self.listing.arguments is not None
        return 1 if by_data else 2


def fields_of(template: str) -> frozenset[str]:
    """Return the attributes that a template refers to."""
    return frozenset(name for _, name, _, _ in Formatter().parse(template) if name)


def fields_within(template: Value) -> frozenset[str]:
    """Return the attributes that `template` refers to, inside lists and objects too."""
    match template:
        case str():
            return fields_of(template)
        case list():
            return frozenset().union(*map(fields_within, template))
        case dict():
            return frozenset().union(*map(fields_within, template.values()))
        case _:
            return frozenset()


def filled(template: Value, values: Mapping[str, str]) -> Value:
    """Return `template` with the texts of `values` in it, inside lists and objects too.

    Raises:
        KeyError: an attribute that it refers to is not there.
    """
    match template:
        case str():
            return template.format_map(values)
        case list():
            return [filled(item, values) for item in template]
        case dict():
            return {name: filled(item, values) for name, item in template.items()}
        case _:
            return template
