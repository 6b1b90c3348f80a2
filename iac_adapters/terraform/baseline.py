"""What the last good apply recorded, where the state does not hold it any more. Pure.

An apply of ours that fails half-way leaves what it refreshed in the state: the drift then looks
recorded, and the code that would undo it looks unapplied. A state that anybody else has written
since is believed: what it records was applied, refreshed or destroyed on purpose.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import Baseline, LoadedResource
from iac_adapters.terraform.messages import NULL
from iac_adapters.terraform.provider_settings import is_of
from iac_adapters.terraform.recorder.content import content_of
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.stack_memory import SeenDrift
from iac_adapters.terraform.values import decode
from reconciler.domain.compare import IsSet, align, aligned_paths, same, value_at
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import (
    Drifted,
    Missing,
    Origin,
    ResourceAddress,
    Status,
    Unreadable,
    Verdict,
)
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import Steps


def with_baselines(
    context: Context,
    resources: Mapping[ResourceAddress, LoadedResource],
    drifts: Mapping[str, SeenDrift],
    *,
    schemas: Mapping[str, ProviderSchema],
) -> dict[ResourceAddress, LoadedResource]:
    """Return `resources`, each with what was recorded before a failed apply."""
    result = dict(resources)
    for address, drift in drifts.items():
        resource = resources.get(ResourceAddress(address))
        if resource is None:
            continue
        if resource.recorded.status is Status.NOT_CREATED:
            found = _gone(context, resource, drift, _schema_of(drift.provider, schemas))
        else:
            found = _with_baseline(resource, drift)
        result[ResourceAddress(address)] = found
    return result


def seen_drifts(
    context: Context,
    resources: Mapping[ResourceAddress, LoadedResource],
    seen: Mapping[ResourceAddress, Verdict],
    live: Mapping[ResourceAddress, bytes],
    *,
    before: Mapping[str, SeenDrift],
) -> dict[str, SeenDrift]:
    """Return what is to be remembered after a complete scan: what somebody moved."""
    drifts: dict[str, SeenDrift] = {}
    for address, resource in resources.items():
        verdict = seen.get(address)
        known = before.get(address)
        found = NULL if isinstance(verdict, Missing) else live.get(address)
        if verdict is None or isinstance(verdict, Unreadable):
            now = known
        elif not _moved_by_somebody(verdict):
            now = None
        elif resource.baseline is not None or resource.wire is None or found is None:
            now = known
        else:
            now = SeenDrift(
                recorded=resource.wire.upgraded,
                config=resource.wire.config,
                live=found,
                code=context.source.digest,
                provider=resource.recorded.provider,
            )
        if now is not None:
            drifts[address] = now
    return drifts


def _moved_by_somebody(verdict: Verdict) -> bool:
    match verdict:
        case Drifted(changes=changes):
            return any(change.origin is not Origin.UNAPPLIED for change in changes)
        case Missing(origin=origin):
            return origin is not Origin.UNAPPLIED
        case _:
            return False


def _gone(
    context: Context, resource: LoadedResource, drift: SeenDrift, schema: ProviderSchema | None
) -> LoadedResource:
    """Return what a refresh has dropped from the state; the code that asks for it was applied."""
    if drift.live != NULL:
        return resource
    origin = Origin.OUT_OF_BAND if drift.code == context.source.digest else Origin.BOTH
    return replace(
        resource,
        recorded=replace(resource.recorded, provider=drift.provider),
        schema=schema,
        baseline=Baseline(drift.recorded, drift.config, origin),
    )


def _schema_of(label: str, schemas: Mapping[str, ProviderSchema]) -> ProviderSchema | None:
    return next((schema for source, schema in schemas.items() if is_of(label, source)), None)


def _with_baseline(resource: LoadedResource, drift: SeenDrift) -> LoadedResource:
    if resource.wire is None or resource.schema is None or resource.planned_action is None:
        return resource
    schema = resource.schema.resource(resource.wire.type_name)
    if schema is None or not _swallowed(schema, resource.wire.upgraded, drift):
        return resource
    return replace(resource, baseline=Baseline(drift.recorded))


def _swallowed(schema: ResourceSchema, state: bytes, drift: SeenDrift) -> bool:
    """Whether the state differs from what was recorded by nothing but the drift that was seen."""
    if drift.live == NULL or content_of(state) == content_of(drift.recorded):
        return False
    try:
        trees = [decode(content, schema) for content in (drift.recorded, state, drift.live)]
    except PermanentError:
        return False  # seen with another version of the provider
    recorded, now, live = align(trees, schema.is_set)
    moved = [
        path
        for path in aligned_paths(recorded, now, schema.is_set)
        if not schema.is_computed_alone(path)
        and not (is_empty(value_at(recorded, path)) and is_empty(value_at(now, path)))
    ]
    return bool(moved) and all(
        same(value_at(now, path), value_at(live, path), _sets_below(schema, path)) for path in moved
    )


def _sets_below(schema: ResourceSchema, path: Steps) -> IsSet:
    return lambda steps: schema.is_set(path + steps)
