"""Which children of a managed type nobody can ask for: unknown is not clean. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from iac_adapters.children import aws
from iac_adapters.children.managed import ChildProvider, Managed
from reconciler.domain.model import BlindSpot


def blind_spots(
    resources: Iterable[Managed], seen: Collection[tuple[str, str]]
) -> tuple[BlindSpot, ...]:
    """Return, for each managed type, its children that no question is about.

    `seen` are the pairs of parent and child that questions are about. Types are called what the
    stack's tool calls them.
    """
    providers = {
        resource.type: resource.provider for resource in resources if resource.provider is not None
    }
    spots = (
        BlindSpot(
            provider.called(parent),
            tuple(sorted({provider.called(child) for child in _children(parent, provider, seen)})),
        )
        for parent, provider in sorted(providers.items())
    )
    return tuple(spot for spot in spots if spot.children)


def _children(
    parent: str, provider: ChildProvider, seen: Collection[tuple[str, str]]
) -> Iterator[str]:
    # Membership of a group is seen from the group, and no member's blind spot.
    known = {child for _, child in seen}
    if provider.is_aws:
        known |= aws.SHOWN_BY_PARENT
        yield from aws.BLIND.get(parent, ())
    for child in provider.types_below(parent):
        if child not in known and not child.endswith("_exclusive"):
            yield child
