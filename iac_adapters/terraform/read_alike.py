"""Whether a plan of the world as it was read once still holds for what is read now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from iac_adapters.terraform.consequences import Moved
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.values import decode
from iac_adapters.terraform.warm import PlanOfTheRead
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress


def reads_alike(
    known: PlanOfTheRead,
    stack: LoadedStack,
    relevant: Collection[ResourceAddress],
    *,
    live: Mapping[ResourceAddress, bytes],
    causes: Mapping[ResourceAddress, Moved],
) -> bool:
    """Whether `known` is a plan of `stack` in which all that is `relevant` reads as it did then.

    Of a cause only what the code refers to counts: a time of last use changes at each read.
    """
    if known.stack is not stack:
        return False
    return all(
        known.live.get(address) == live.get(address)
        or _refers_alike(stack.resources.get(address), address, known, causes.get(address))
        for address in relevant
    )


def _refers_alike(
    resource: LoadedResource | None,
    address: ResourceAddress,
    known: PlanOfTheRead,
    cause: Moved | None,
) -> bool:
    before = known.live.get(address, NULL)
    if resource is None or cause is None or NULL in (before, cause.live):
        return False
    names = cause.attributes
    if names is None or known.causes.get(address) != names:
        return False
    return _same(resource, before, cause.live, names)


def _same(resource: LoadedResource, before: bytes, after: bytes, names: Iterable[str]) -> bool:
    wire = resource.wire
    schema = resource.schema.resource(wire.type_name) if wire and resource.schema else None
    if schema is None:
        return False
    try:
        old, new = decode(before, schema), decode(after, schema)
    except PermanentError:
        return False
    if old is None or new is None:
        return False
    return all(old.get(name) == new.get(name) for name in names)
