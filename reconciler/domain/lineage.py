"""Which of the things that are gone took which other with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from reconciler.domain.model import ResourceAddress


def nearest_missing(
    dependencies: Mapping[ResourceAddress, tuple[ResourceAddress, ...]],
) -> dict[ResourceAddress, ResourceAddress]:
    """Return, for each address, the nearest of the others it depended on.

    Every key is gone. Recorded dependencies may be transitive and may name a
    resource without its instance; the nearest is the one no other candidate
    depends on. Addresses that depended on nothing gone are left out.
    """
    instances: dict[str, list[ResourceAddress]] = defaultdict(list)
    for address in dependencies:
        instances[_without_instance(address)].append(address)
    upward = {
        address: _present(named, instances, dependencies) - {address}
        for address, named in dependencies.items()
    }
    return {address: _nearest(above, upward) for address, above in upward.items() if above}


def _present(
    named: tuple[ResourceAddress, ...],
    instances: Mapping[str, list[ResourceAddress]],
    gone: Mapping[ResourceAddress, object],
) -> set[ResourceAddress]:
    found: set[ResourceAddress] = set()
    for name in named:
        if name in gone:
            found.add(name)
        else:
            found.update(instances.get(name, ()))
    return found


def _nearest(
    above: set[ResourceAddress], upward: Mapping[ResourceAddress, set[ResourceAddress]]
) -> ResourceAddress:
    behind = {farther for address in above for farther in upward[address] if farther != address}
    return min(above - behind or above)


def _without_instance(address: str) -> str:
    return address[: address.rindex("[")] if address.endswith("]") else address
