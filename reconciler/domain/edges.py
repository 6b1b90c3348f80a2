"""Which resources connect another one to traffic, and how both are recognised. Pure.

The catalogue is `domain.edges_catalogue`; a policy may name edges beside it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from reconciler.domain.edge_references import Node, References
from reconciler.domain.edges_catalogue import EDGES, HOLDERS, PARTS, Rule
from reconciler.domain.globs import glob_covers
from reconciler.domain.model import ResourceAddress
from reconciler.domain.spelling import meets_type


@dataclass(frozen=True, slots=True)
class Edge:
    """What `isolates` is reached by: a resource, or the groups that it holds itself.

    A resource connects it, and destroying that destroys nothing else. Where `attribute` is given,
    the edge is that attribute of the object `identity` at `address`: it is isolated while the
    attribute holds `group` and nothing else.
    """

    address: ResourceAddress
    type: str
    isolates: ResourceAddress
    attribute: str | None = None
    group: str | None = None
    identity: str | None = None


def edges_of(
    drifted: Collection[ResourceAddress], nodes: Iterable[Node], *, named: Collection[str] = ()
) -> tuple[Edge, ...]:
    """Return what connects the `drifted` resources, sorted by address; nothing when unknown.

    A security group is not connected itself: what holds it is isolated, and a rule stands for
    its group. `named` are globs over addresses and types. They stand instead of the catalogue:
    what they select is an edge of a drifted resource that it depends on.

    Raises:
        PermanentError: which resource an edge connects cannot be told.
    """
    known = tuple(nodes)
    by_address = {node.address: node for node in known}
    references = References(known)
    begun = [by_address[address] for address in drifted if address in by_address]
    subjects = isolated_by(begun, known, references, holders=HOLDERS)
    found = (
        _named(subjects, known, named, references)
        if named
        else _by_catalogue(subjects, known, references)
    )
    return tuple(sorted({edge.address: edge for edge in found}.values(), key=lambda e: e.address))


def isolated_by(
    drifted: Iterable[Node],
    nodes: Collection[Node],
    references: References,
    *,
    holders: Collection[Rule],
) -> tuple[Node, ...]:
    """Return `drifted`, with the group a rule belongs to and with what holds such a group.

    `holders` say who holds groups, and by what.

    Raises:
        PermanentError: which resource is meant cannot be told.
    """
    found = list(drifted)
    for node in found:
        parts = [rule for rule in PARTS if meets_type(rule.type, node.type)]
        held = [rule for rule in holders if _is_of(node, rule.connects)]
        if not parts and not held:
            continue
        for other in nodes:
            if other not in found and (
                any(_connects(rule, node, other, references) for rule in parts)
                or any(_connects(rule, other, node, references) for rule in held)
            ):
                found.append(other)
    return tuple(found)


def _is_of(node: Node, types: Iterable[str]) -> bool:
    return any(meets_type(glob, node.type) for glob in types)


def _connects(rule: Rule, edge: Node, subject: Node, references: References) -> bool:
    return (
        meets_type(rule.type, edge.type)
        and _is_of(subject, rule.connects)
        and references.refers(edge, rule.attributes, subject, types=rule.connects)
    )


def _by_catalogue(
    subjects: Iterable[Node], nodes: Collection[Node], references: References
) -> Iterator[Edge]:
    for subject in subjects:
        for node in nodes:
            if any(_connects(rule, node, subject, references) for rule in EDGES):
                yield Edge(node.address, node.type, subject.address)


def _named(
    subjects: Iterable[Node],
    nodes: Collection[Node],
    globs: Collection[str],
    references: References,
) -> Iterator[Edge]:
    for subject in subjects:
        for node in nodes:
            if _is_named(node, globs) and references.depends_on(node, subject):
                yield Edge(node.address, node.type, subject.address)


def _is_named(node: Node, globs: Iterable[str]) -> bool:
    return any(glob_covers(glob, node.address) or meets_type(glob, node.type) for glob in globs)
