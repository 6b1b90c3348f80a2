"""Which drifted resources belong together: those that one plan would touch anyway.

A plan of one resource reaches what that resource depends on. So two drifted resources are one
correction when one depends on the other, and two when they merely depend on the same third.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from reconciler.domain.model import ResourceAddress

Dependencies = Mapping[ResourceAddress, Sequence[str]]
"""What each recorded resource depends on; an address without its instance means each of them."""


def together(
    drifted: Iterable[ResourceAddress], dependencies: Dependencies
) -> tuple[frozenset[ResourceAddress], ...]:
    """Divide `drifted` into sets of which none depends on another, by their least address."""
    left = set(drifted)
    reached = _reached(left, dependencies)
    sets = []
    for first in sorted(left):
        if first in left:
            found = _connected(first, reached) & left
            left -= found
            sets.append(frozenset(found))
    return tuple(sets)


def _reached(
    drifted: set[ResourceAddress], dependencies: Dependencies
) -> dict[ResourceAddress, set[ResourceAddress]]:
    """Return the drifted resources next to each: those it depends on, and those on it."""
    instances: dict[str, list[ResourceAddress]] = defaultdict(list)
    for address in dependencies:
        instances[_without_instance(address)].append(address)
    beside: dict[ResourceAddress, set[ResourceAddress]] = {address: set() for address in drifted}
    for address in drifted:
        for other in _all_below(address, dependencies, instances) & drifted:
            beside[address].add(other)
            beside[other].add(address)
    return beside


def _all_below(
    address: ResourceAddress,
    dependencies: Dependencies,
    instances: Mapping[str, list[ResourceAddress]],
) -> set[ResourceAddress]:
    found: set[ResourceAddress] = set()
    asked = [address]
    while asked:
        for name in dependencies.get(asked.pop(), ()):
            named = [ResourceAddress(name)] if name in dependencies else instances.get(name, [])
            fresh = [address for address in named if address not in found]
            found.update(fresh)
            asked += fresh
    return found


def _connected(
    first: ResourceAddress, beside: Mapping[ResourceAddress, set[ResourceAddress]]
) -> set[ResourceAddress]:
    found = {first}
    asked = [first]
    while asked:
        fresh = beside[asked.pop()] - found
        found |= fresh
        asked += fresh
    return found


def _without_instance(address: str) -> str:
    return address[: address.rindex("[")] if address.endswith("]") else address
