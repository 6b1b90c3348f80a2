"""What an update replaces together with an object that it deletes before it replaces it.

The engine deletes every dependent that would be replaced by other values of what is deleted: it
asks the provider, with those values unknown. A preview of the code alone shows nothing of it
while the only reason is drift.

Source: `calculateDependentReplacements` in pkg/resource/deploy/step_generator.go of pulumi/pulumi
3.259.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.following import follower
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.values import UNKNOWN_TEXT, RawProperties
from reconciler.domain.model import (
    Drifted,
    InSync,
    Noise,
    Observed,
    ResourceAddress,
    Status,
    Unreadable,
    Verdict,
)

Ask = Callable[[LoadedResource, RawProperties], Awaitable[DiffAnswer]]
"""What a provider says of an update of a recorded object to other inputs."""

_AFFECTED: Final = (InSync, Noise, Drifted)


def sources_of(resource: LoadedResource) -> Mapping[str, tuple[str, ...]]:
    """Return by property the URNs that its recorded value comes from."""
    content = resource.state.content if resource.state is not None else {}
    told = content.get("propertyDependencies") or {}
    return {name: tuple(map(str, urns)) for name, urns in told.items() if urns}


def with_sources(
    wanted: Iterable[ResourceAddress], resources: Mapping[ResourceAddress, LoadedResource]
) -> set[ResourceAddress]:
    """Return `wanted` with all that their values come from: it may be what replaces them."""
    found = set(wanted)
    asked = list(found)
    while asked:
        resource = resources.get(asked.pop())
        if resource is None:
            continue
        above = {ResourceAddress(urn) for urns in sources_of(resource).values() for urn in urns}
        fresh = (above & resources.keys()) - found
        found |= fresh
        asked += fresh
    return found


async def with_replaced_dependents(
    held: Mapping[ResourceAddress, Observed],
    resources: Mapping[ResourceAddress, LoadedResource],
    *,
    deletes_first: Callable[[LoadedResource], bool],
    ask: Ask,
) -> AsyncGenerator[Observed, None]:
    """Yield `held`, the verdicts of a scan, with those of replaced dependents shown as such.

    The record lists what is depended on first.
    """
    replaced: dict[str, ResourceAddress] = {}
    for address, resource in resources.items():
        observed = held.get(address)
        if observed is None:
            continue
        if _is_root(resource, observed.verdict) and deletes_first(resource):
            replaced[address] = address
        elif replaced and isinstance(observed.verdict, _AFFECTED):
            observed = await _followed(resource, observed, replaced, ask)
        yield observed


def _is_root(resource: LoadedResource, verdict: Verdict) -> bool:
    """Whether drift alone replaces it; what code replaces, the evaluation has with dependents."""
    drifts = isinstance(verdict, Drifted) and verdict.requires_replace
    return drifts and resource.step in (Step.SAME, None)


async def _followed(
    resource: LoadedResource,
    observed: Observed,
    replaced: dict[str, ResourceAddress],
    ask: Ask,
) -> Observed:
    state = resource.state
    if state is None or not state.custom or state.external:
        return observed
    if resource.recorded_as.status is not Status.LIVE or state.is_provider:
        return observed
    roots = {
        name: [replaced[urn] for urn in urns if urn in replaced]
        for name, urns in sources_of(resource).items()
        if name in state.inputs
    }
    unknown = {name: UNKNOWN_TEXT for name, found in roots.items() if found}
    if not unknown:
        return observed
    root = min(root for found in roots.values() for root in found)
    try:
        answer = await ask(resource, {**state.inputs, **unknown})
    except ProviderError as error:
        reason = f"whether an update replaces it together with {root} is not known: {error}"
        return replace(observed, verdict=Unreadable(reason))
    if not answer.replaces:
        return observed
    replaced[observed.address] = root
    return replace(observed, verdict=_replaced_with(observed.verdict, root))


def _replaced_with(verdict: Verdict, root: ResourceAddress) -> Drifted:
    shown = follower(root, verdict, how="is deleted before it is replaced", replaced=True)
    if isinstance(verdict, Drifted):
        return replace(verdict, requires_replace=True, reason=verdict.reason or shown.reason)
    return shown
