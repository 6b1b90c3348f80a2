"""What provisions a host: the resources below a component that stands for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from iac_adapters.pulumi.loaded import LoadedResource
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress

_MOST_LEVELS: Final = 50


def provisioners_of(
    resources: Mapping[ResourceAddress, LoadedResource], anew: Collection[ResourceAddress]
) -> tuple[ResourceAddress, ...]:
    """Return what is to be replaced so that each of `anew` is brought about again, sorted.

    A resource of a provider is replaced itself. Of a component, which does nothing, it is
    every resource of a provider below it.

    Raises:
        PermanentError: nothing below a component does anything.
    """
    found: set[ResourceAddress] = set()
    for address in anew:
        resource = resources.get(address)
        if resource is None or resource.state is None:
            continue  # planning refuses it by name
        below = {address} if resource.state.custom else _below(resources, address)
        if not below:
            raise PermanentError(
                f"{address}: nothing below it provisions the host, so the stack cannot correct it",
                remedy="give the resource that writes to the host this component as its parent,"
                " or correct the host by hand",
            )
        found |= below
    return tuple(sorted(found))


def _below(
    resources: Mapping[ResourceAddress, LoadedResource], address: ResourceAddress
) -> set[ResourceAddress]:
    parents = {
        resource.state.urn: resource.state.parent
        for resource in resources.values()
        if resource.state is not None
    }
    return {
        name
        for name, resource in resources.items()
        if resource.state is not None
        and resource.state.custom
        and not resource.state.is_provider
        and _is_below(resource.state.urn, address, parents)
    }


def _is_below(urn: str, ancestor: str, parents: Mapping[str, str]) -> bool:
    for _ in range(_MOST_LEVELS):
        urn = parents.get(urn, "")
        if urn == ancestor:
            return True
    return False
