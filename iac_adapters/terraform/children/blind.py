"""Which children of a managed type nobody can ask for: unknown is not clean. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from iac_adapters.terraform.children import aws
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.schema_answer import ProviderSchema
from reconciler.domain.model import BlindSpot

_MOST_TYPES_READ = 200
"""Of larger providers the names of types tell; reading every schema would take seconds."""


def blind_spots(
    resources: Iterable[LoadedResource], seen: Collection[tuple[str, str]]
) -> tuple[BlindSpot, ...]:
    """Return, for each managed type, its children that no question is about.

    `seen` are the pairs of parent and child that questions are about.
    """
    schemas = {
        resource.recorded.type: resource
        for resource in resources
        if resource.schema is not None and resource.provider is not None
    }
    spots = (
        BlindSpot(parent, tuple(sorted({*_children(parent, resource, seen)})))
        for parent, resource in sorted(schemas.items())
    )
    return tuple(spot for spot in spots if spot.children)


def _children(
    parent: str, resource: LoadedResource, seen: Collection[tuple[str, str]]
) -> Iterator[str]:
    assert resource.schema is not None and resource.provider is not None  # noqa: S101, PT018
    # Membership of a group is seen from the group, and no member's blind spot.
    known = {child for _, child in seen}
    if resource.provider.installed.source in aws.SOURCES:
        known |= aws.SHOWN_BY_PARENT
        yield from aws.BLIND.get(parent, ())
    for child in _candidates(parent, resource.schema):
        if child not in known and not child.endswith("_exclusive"):
            yield child


def _candidates(parent: str, schema: ProviderSchema) -> Iterator[str]:
    names = schema.type_names
    if len(names) > _MOST_TYPES_READ:
        yield from schema.types_below.get(parent, ())
        return
    word = parent.rsplit("_", maxsplit=1)[-1]
    for name in names - {parent}:
        known = schema.resource(name)
        attribute = known.block.attributes.get(word) if known is not None else None
        if attribute is not None and (attribute.required or attribute.optional):
            yield name
