"""Isolating a resource by the security groups that it holds itself. Pure.

The catalogue is `domain.swaps_catalogue`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.domain.edge_references import Node, References
from reconciler.domain.edges import Edge, isolated_by
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, StackReport
from reconciler.domain.plan import Action, Plan, PlannedResource
from reconciler.domain.swaps_catalogue import SWAPS, swap_of
from reconciler.domain.values import Json, Value

_HOLDERS: Final = tuple(swap.holder for swap in SWAPS)
_INTERFACE: Final = "aws_network_interface"
_FIRST_INTERFACE: Final = "primary_network_interface_id"


@dataclass(frozen=True, slots=True)
class Regrouping:
    """The groups that the attribute of `edge` is to hold."""

    edge: Edge
    groups: tuple[str, ...]


def swaps_of(
    drifted: Collection[ResourceAddress],
    nodes: Iterable[Node],
    *,
    identities: Mapping[ResourceAddress, str],
    group: str,
) -> tuple[Edge, ...]:
    """Return whose groups give way to `group` so that the `drifted` resources are isolated.

    Sorted by address. Of a group of rules it is whatever holds it. The first
    interface of an instance stands for the instance where it is a resource itself: the groups of
    both are the same.

    Raises:
        PermanentError: which resource is meant cannot be told.
    """
    known = tuple(nodes)
    by_address = {node.address: node for node in known}
    references = References(known)
    begun = [by_address[address] for address in drifted if address in by_address]
    subjects = _with_interfaces(isolated_by(begun, known, references, holders=_HOLDERS), known)
    found = {}
    for node in _without_owners(subjects):
        swap, identity = swap_of(node.type), identities.get(node.address)
        if swap is not None and identity is not None:
            found[node.address] = Edge(
                node.address, node.type, node.address, swap.attribute, group, identity
            )
    return tuple(found[address] for address in sorted(found))


def _with_interfaces(subjects: Collection[Node], known: Collection[Node]) -> list[Node]:
    """Return `subjects` and the interfaces of their instances that are resources themselves.

    One that is left out would show the isolation as drift of its own, and be corrected.
    """
    firsts = {text for node in subjects for text in node.holds((_FIRST_INTERFACE,))}
    there = {node.address for node in subjects}
    more = [
        node
        for node in known
        if node.type == _INTERFACE and node.address not in there and not firsts.isdisjoint(node.ids)
    ]
    return [*subjects, *more]


def _without_owners(subjects: Collection[Node]) -> list[Node]:
    """Return `subjects` without the instances whose first interface is among them."""
    ids = {text for node in subjects if node.type == _INTERFACE for text in node.ids}
    return [node for node in subjects if ids.isdisjoint(node.holds((_FIRST_INTERFACE,)))]


def isolating_by(edges: Iterable[Edge]) -> tuple[Regrouping, ...]:
    """Return what isolates: each holds the isolation group alone."""
    return tuple(Regrouping(edge, (edge.group,)) for edge in edges if edge.group is not None)


def groups_of(plan: Plan) -> frozenset[str]:
    """Return the groups that `plan` gives to what it isolates."""
    return frozenset(
        str(group)
        for resource in plan.resources
        for change in resource.changes
        if isinstance(change.after, list)
        for group in change.after
    )


def giving_back(edges: Iterable[Edge], undo: Json) -> tuple[Regrouping, ...]:
    """Return what releases: each holds what it held before.

    Raises:
        PermanentError: of one of them that is not known.
    """
    lacking = [edge.address for edge in edges if edge.attribute not in undo.get(edge.address, {})]
    if lacking:
        raise PermanentError(
            f"what {lacking[0]} held before is not known",
            remedy="give it its groups by hand in the cloud, then cancel this",
        )
    return tuple(Regrouping(edge, tuple(undo[edge.address][str(edge.attribute)])) for edge in edges)


def beyond_swapping(plan: Plan, regroupings: Iterable[Regrouping]) -> str | None:
    """Return what `plan` does besides exactly `regroupings`; None when that is nothing."""
    wanted = {regrouping.edge.address: regrouping for regrouping in regroupings}
    for resource in plan.resources:
        regrouping = wanted.get(resource.address)
        if regrouping is None or resource.action is not Action.UPDATE:
            return f"{resource.address} ({resource.action})"
        changes = [
            change for change in resource.changes if change.path != regrouping.edge.attribute
        ]
        if changes:
            return f"{resource.address}.{changes[0].path}"
        if any(not _holds(change.after, regrouping.groups) for change in resource.changes):
            return f"{resource.address}.{regrouping.edge.attribute} with other groups"
    return f"output {plan.outputs[0]}" if plan.outputs else None


def moved_meanwhile(resource: PlannedResource, edge: Edge) -> str | None:
    """Return why a person must look at a release of `edge`: it does not hold its group alone."""
    for change in resource.changes:
        if edge.group is not None and not _holds(change.before, (edge.group,)):
            return (
                f"{edge.address} does not hold {edge.group} alone any more: somebody changed its"
                " groups, and what it holds now would be taken away"
            )
    return None


def is_swapped(edge: Edge, report: StackReport) -> bool:
    """Whether `report` shows that `edge` holds its isolation group, and nothing else.

    A difference that no plan acts on shows as noise; none at all means that the attribute is as
    it was recorded.
    """
    live = _live(edge, report)
    return edge.group is not None and any(_holds(value, (edge.group,)) for value in live)


def hidden_paths(edge: Edge) -> frozenset[str]:
    """Return the attributes whose change a swap of `edge` explains."""
    swap = swap_of(edge.type)
    mirrors = swap.mirrors if swap is not None else ()
    return frozenset({*mirrors, *([edge.attribute] if edge.attribute else ())})


def _live(edge: Edge, report: StackReport) -> list[Value]:
    changes = [
        change.live
        for finding in report.findings
        if finding.address == edge.address
        for change in finding.changes
        if change.path == edge.attribute
    ]
    noise = [
        item.live
        for address, item in report.noise
        if address == edge.address and item.path == edge.attribute
    ]
    return [*changes, *noise]


def _holds(value: Value, groups: Collection[str]) -> bool:
    return isinstance(value, list) and sorted(map(str, value)) == sorted(groups)
