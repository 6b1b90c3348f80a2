"""Detach the edges of a resource, and attach them again, each by a saved plan of the tool itself.

Nothing is refreshed. A plan with a target refreshes all that this depends on, and its apply
writes that into the state: a drifted security group behind the edge would look as if somebody had
applied it, and an edge that comes back would bring the correction of the group with it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

import orjson

from iac_adapters.terraform.addresses import block_of
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack
from iac_adapters.terraform.planning import PlanOrder, saved_plan
from reconciler.domain.edge_references import Node
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress, Status
from reconciler.domain.values import texts_in

_AS_RECORDED: Final = "-refresh=false"
_IDS: Final = ("id", "arn", "self_link", "instance_id")
_NAMES: Final = ("name", "private_ip")
"""The attributes of an object that others refer to it by."""


def nodes_of(stack: LoadedStack) -> Iterator[Node]:
    """Yield what the search for edges knows of each recorded resource.

    The texts are recorded values and do not leave the adapter.
    """
    for address, resource in stack.resources.items():
        values = recorded_values(resource)
        if values is None:
            continue
        yield Node(
            address,
            resource.recorded.type,
            ids=frozenset(text for name in _IDS for text in texts_in(values.get(name)) if text),
            names=frozenset(text for name in _NAMES for text in texts_in(values.get(name)) if text),
            refers={
                name: frozenset(filter(None, texts_in(value))) for name, value in values.items()
            },
            dependencies=frozenset(resource.recorded.dependencies),
            block=block_of(address),
        )


def recorded_values(resource: LoadedResource) -> Mapping[str, Any] | None:
    """Return what the state holds of the object; None where there is none."""
    instance = resource.instance
    if instance is None or resource.recorded.status is Status.DEPOSED:
        return None
    if instance.attributes_json is None:
        return instance.attributes_flat
    values: dict[str, Any] = orjson.loads(instance.attributes_json)
    return values


async def detaching_plan(order: PlanOrder, edges: Collection[ResourceAddress]) -> Mapping[str, Any]:
    """Save a plan that destroys `edges` and what depends on them; return its `show -json`.

    Raises:
        RetryableError, PermanentError: see `planning.saved_plan`.
    """
    for address in sorted(edges):
        _refuse_protected(order, address)
    return await saved_plan(order, edges, options=("-destroy", _AS_RECORDED))


def _refuse_protected(order: PlanOrder, address: ResourceAddress) -> None:
    resource = order.stack.resources.get(address)
    if resource is None or resource.instance is None:
        raise PermanentError(
            f"{address}: the state does not hold it any more",
            remedy="scan the stack again; what is gone connects nothing",
        )


async def attaching_plan(
    order: PlanOrder, edges: Collection[ResourceAddress]
) -> Mapping[str, Any] | None:
    """Save a plan that creates `edges` again; None where the code declares none of them any more.

    Raises:
        RetryableError, PermanentError: see `planning.saved_plan`.
    """
    declared = [address for address in edges if address in order.stack.resources]
    if not declared:
        return None
    return await saved_plan(order, declared, options=(_AS_RECORDED,))
