"""What depends on a resource that a plan would make anew, and is not in the plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.domain.belonging import Dependencies
from reconciler.domain.model import ResourceAddress
from reconciler.domain.plan import Action, Plan

_ENDING: Final = frozenset({Action.REPLACE, Action.DELETE})
_MOST_NAMED: Final = 5


def followed_by(plan: Plan, dependencies: Dependencies) -> tuple[str, ...]:
    """Return a sentence for each resource that ends and that others depend on, directly or not.

    A correction plans its targets alone, so it does not show them: a reference to the new object,
    or a `replace_triggered_by`, changes them at the next apply of the whole stack.
    """
    planned = {resource.address for resource in plan.resources}
    below = _below(dependencies)
    found = []
    for resource in plan.resources:
        if resource.action not in _ENDING:
            continue
        others = sorted(_all_below(resource.address, below) - planned)
        if others:
            found.append(_sentence(resource.address, resource.action, others))
    return tuple(found)


def _below(dependencies: Dependencies) -> dict[str, set[ResourceAddress]]:
    below: dict[str, set[ResourceAddress]] = {}
    for address, names in dependencies.items():
        for name in names:
            below.setdefault(name, set()).add(address)
    return below


def _all_below(
    address: ResourceAddress, below: Mapping[str, set[ResourceAddress]]
) -> set[ResourceAddress]:
    found: set[ResourceAddress] = set()
    waiting: list[str] = [address, _block(address)]
    while waiting:
        for follower in below.get(waiting.pop(), ()):
            if follower not in found and follower != address:
                found.add(follower)
                waiting += [follower, _block(follower)]
    return found


def _block(address: str) -> str:
    """Return the block of an instance: Terraform's state names blocks as dependencies."""
    return address.rpartition("[")[0] if address.endswith("]") else address


def _sentence(address: ResourceAddress, action: Action, others: Sequence[ResourceAddress]) -> str:
    more = len(others) - _MOST_NAMED
    names = ", ".join(others[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
    ends = "replaced" if action is Action.REPLACE else "deleted"
    verb = "depends" if len(others) == 1 else "depend"
    return (
        f"{names} {verb} on {address}, which would be {ends}: the next apply of the whole stack may"
        " change or replace that too"
    )
