"""Which resources connect another one to traffic, and how both are recognised. Pure.

The catalogue is `domain.edges_catalogue`; a policy may name edges beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.domain.edges_catalogue import EDGES, HOLDERS, PARTS
from reconciler.domain.globs import glob_covers
from reconciler.domain.model import ResourceAddress
from reconciler.domain.spelling import meets_type

Names: TypeAlias = frozenset[str]
"""The values that refer to an object: its id, its ARN, its link."""


@dataclass(frozen=True, slots=True)
class Edge:
    """A resource without which `isolates` is not reached; destroying it destroys nothing else."""

    address: ResourceAddress
    type: str
    isolates: ResourceAddress


@dataclass(frozen=True, slots=True)
class Node:
    """What the search knows of one recorded resource.

    `names` are the values by which others refer to it. `refers` are, by attribute in snake case,
    the texts that this resource holds. Both may be keyed digests: they are compared, not shown.
    """

    address: ResourceAddress
    type: str
    names: Names = frozenset()
    refers: Mapping[str, Names] | None = None
    dependencies: frozenset[ResourceAddress] = frozenset()

    def holds(self, attribute: str) -> Names:
        """Return the texts of one attribute."""
        return (self.refers or {}).get(attribute, frozenset())


def edges_of(
    drifted: Collection[ResourceAddress], nodes: Iterable[Node], *, named: Collection[str] = ()
) -> tuple[Edge, ...]:
    """Return what connects the `drifted` resources, sorted by address; nothing when unknown.

    A security group is not connected itself: what holds it is isolated, and a rule stands for
    its group. `named` are globs over addresses and types. They stand instead of the catalogue:
    what they select is an edge of a drifted resource that it depends on.
    """
    known = tuple(nodes)
    by_address = {node.address: node for node in known}
    subjects = _isolated([by_address[one] for one in drifted if one in by_address], known)
    found = _named(subjects, known, named) if named else _by_catalogue(subjects, known)
    return tuple(sorted({edge.address: edge for edge in found}.values(), key=lambda e: e.address))


def _isolated(drifted: Iterable[Node], nodes: Collection[Node]) -> tuple[Node, ...]:
    """Return `drifted`, with the group a rule belongs to and with what holds such a group."""
    found = list(drifted)
    for node in found:
        for rule in PARTS:
            if meets_type(rule.type, node.type):
                owners = (one for one in nodes if _refers(node, rule.attributes, one))
                found += [one for one in owners if one not in found]
        for rule in HOLDERS:
            if any(meets_type(glob, node.type) for glob in rule.connects):
                holders = (
                    one
                    for one in nodes
                    if meets_type(rule.type, one.type) and _refers(one, rule.attributes, node)
                )
                found += [one for one in holders if one not in found]
    return tuple(found)


def _by_catalogue(subjects: Iterable[Node], nodes: Collection[Node]) -> Iterator[Edge]:
    for subject in subjects:
        for node in nodes:
            if any(
                meets_type(rule.type, node.type)
                and any(meets_type(glob, subject.type) for glob in rule.connects)
                and _refers(node, rule.attributes, subject)
                for rule in EDGES
            ):
                yield Edge(node.address, node.type, subject.address)


def _named(
    subjects: Iterable[Node], nodes: Collection[Node], globs: Collection[str]
) -> Iterator[Edge]:
    for subject in subjects:
        for node in nodes:
            if subject.address in node.dependencies and _is_named(node, globs):
                yield Edge(node.address, node.type, subject.address)


def _is_named(node: Node, globs: Iterable[str]) -> bool:
    return any(glob_covers(glob, node.address) or meets_type(glob, node.type) for glob in globs)


def _refers(node: Node, attributes: Iterable[str], other: Node) -> bool:
    return node is not other and any(node.holds(name) & other.names for name in attributes)
