"""Which recorded resource another one refers to, by the values that it holds. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.spelling import meets_type

Texts: TypeAlias = frozenset[str]


@dataclass(frozen=True, slots=True)
class Node:
    """What the search knows of one recorded resource.

    `ids` are the values that are its alone: its id, its ARN, its link. `names` are those that
    another object of another place may have too: its name, its private address. `refers` are,
    by attribute in snake case, the texts that this resource holds. All may be keyed digests:
    they are compared, not shown. `dependencies` are the `block` of what it depends on: the
    address, less the keys of instances where the record has none.
    """

    address: ResourceAddress
    type: str
    ids: Texts = frozenset()
    names: Texts = frozenset()
    refers: Mapping[str, Texts] | None = None
    dependencies: frozenset[str] = frozenset()
    block: str = ""

    @property
    def in_dependencies(self) -> str:
        """What the dependencies of another resource call this one."""
        return self.block or self.address

    def holds(self, attributes: Iterable[str]) -> Texts:
        """Return the texts of the first of `attributes` that has any."""
        held = self.refers or {}
        return next((texts for name in attributes if (texts := held.get(name))), frozenset())


def depends(node: Node, other: Node) -> bool:
    """Whether the last apply knew `node` to depend on `other`, or on another of its block."""
    return other.in_dependencies in node.dependencies


class References:
    """The resources of one stack, found by the values that refer to them."""

    def __init__(self, nodes: Iterable[Node]) -> None:
        self._by_id: dict[str, list[Node]] = defaultdict(list)
        self._by_name: dict[str, list[Node]] = defaultdict(list)
        self._blocks: dict[str, list[Node]] = defaultdict(list)
        for node in nodes:
            self._blocks[node.in_dependencies].append(node)
            for text in node.ids:
                self._by_id[text].append(node)
            for text in node.names - node.ids:
                self._by_name[text].append(node)

    def refers(
        self, node: Node, attributes: Iterable[str], other: Node, *, types: Collection[str]
    ) -> bool:
        """Whether `node` names `other` in one of `attributes`, as one of `types`.

        An id comes before a name. Of several that are called alike it is the one that the last
        apply knew `node` to depend on.

        Raises:
            PermanentError: that does not tell them apart.
        """
        for text in node.holds(attributes):
            found = self._called(text, node, types)
            if other not in found:
                continue
            if len(found) == 1:
                return True
            addresses = sorted(fitting.address for fitting in found)
            raise PermanentError(
                f"{node.address} may refer to {' or '.join(addresses)}: they are called alike",
                remedy="refer to it in the code by its id, and apply that; or have the policy name"
                " the edges (`edges`)",
                about=addresses,
            )
        return False

    def depends_on(self, node: Node, other: Node) -> bool:
        """Whether `node` depends on exactly `other`.

        Of the instances of one block it is those that `node` refers to, directly or through
        others that it depends on.

        Raises:
            PermanentError: it depends on a block of several and refers to none of them.
        """
        if not depends(node, other):
            return False
        instances = self._blocks[other.in_dependencies]
        if len(instances) == 1:
            return True
        referred = self._reached(node)
        if referred.isdisjoint(instance.address for instance in instances):
            raise PermanentError(
                f"{node.address} depends on {other.in_dependencies}, and refers to none of its"
                f" {len(instances)} instances",
                remedy="refer in the code to the instance that it connects, and apply that; or"
                " have the policy name other edges (`edges`)",
                about=[other.address],
            )
        return other.address in referred

    def _reached(self, node: Node) -> set[ResourceAddress]:
        """Return what `node` refers to by id, and what that refers to, among its dependencies."""
        found: dict[ResourceAddress, Node] = {node.address: node}
        waiting = [node]
        while waiting:
            texts = [text for held in (waiting.pop().refers or {}).values() for text in held]
            for other in (other for text in texts for other in self._by_id.get(text, ())):
                if other.address not in found and depends(node, other):
                    found[other.address] = other
                    waiting.append(other)
        return found.keys() - {node.address}

    def _called(self, text: str, node: Node, types: Collection[str]) -> list[Node]:
        for index in (self._by_id, self._by_name):
            found = [
                other
                for other in index.get(text, ())
                if other is not node and any(meets_type(glob, other.type) for glob in types)
            ]
            if len(found) > 1:
                return [candidate for candidate in found if depends(node, candidate)] or found
            if found:
                return found
        return []
