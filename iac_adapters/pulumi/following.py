"""What an update changes of an object only because another one has moved. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from iac_adapters.pulumi.dependencies import dependencies_in
from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.loaded import LoadedResource
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    Origin,
    ResourceAddress,
    Verdict,
)

Verdicts = Mapping[ResourceAddress, Verdict]
_CHANGING: Final = frozenset({Step.UPDATE, Step.REPLACE})


def with_update(
    resource: LoadedResource,
    verdicts: Verdicts,
    updates: Mapping[str, Step],
    resources: Mapping[ResourceAddress, LoadedResource],
) -> Verdict:
    """Return the verdict on `resource` with what an update does after a refresh.

    `verdicts` are those of each object by itself. What the code asks for is shown there.
    """
    own = verdicts[resource.recorded_as.address]
    state = resource.state
    if state is None or not state.custom or resource.step not in (Step.SAME, None):
        return own
    step = updates.get(state.urn)
    if step not in _CHANGING or not isinstance(own, InSync | Noise | Drifted):
        return own
    replaced = step is Step.REPLACE
    if isinstance(own, Drifted):
        return replace(own, requires_replace=own.requires_replace or replaced)
    cause = _nearest_moved(resource, verdicts, resources)
    if cause is None:
        return own
    return follower(cause, own, how=_how(verdicts[cause]), replaced=replaced)


def follower(cause: ResourceAddress, own: Verdict, *, how: str, replaced: bool) -> Drifted:
    """Return the verdict on what nobody touched, and an update changes because of `cause`."""
    return Drifted(
        (),
        noise=own.items if isinstance(own, Noise) else (),
        requires_replace=replaced,
        reason=f"follows {cause}, which {how}",
        origin=Origin.OUT_OF_BAND,
        follows=cause,
    )


def _nearest_moved(
    resource: LoadedResource,
    verdicts: Verdicts,
    resources: Mapping[ResourceAddress, LoadedResource],
) -> ResourceAddress | None:
    """Return the moved object that `resource` depends on by the fewest steps."""
    seen: set[str] = set()
    nearest = _above(resource)
    while nearest:
        moved = [urn for urn in nearest if _moved(verdicts.get(ResourceAddress(urn)))]
        if moved:
            return ResourceAddress(moved[0])
        seen |= set(nearest)
        above = (resources.get(ResourceAddress(urn)) for urn in nearest)
        nearest = sorted({urn for one in above if one for urn in _above(one)} - seen)
    return None


def _above(resource: LoadedResource) -> list[str]:
    return sorted(dependencies_in(resource.state.content)) if resource.state is not None else []


def _moved(verdict: Verdict | None) -> bool:
    if isinstance(verdict, Missing):
        return verdict.origin is not Origin.UNAPPLIED
    return isinstance(verdict, Drifted)


def _how(verdict: Verdict) -> str:
    if isinstance(verdict, Missing):
        return "is gone"
    replaced = isinstance(verdict, Drifted) and verdict.requires_replace
    return "would be replaced" if replaced else "was changed"
