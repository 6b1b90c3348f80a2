"""Drift that a provider leaves out of its answer while the code changes the same resource. Pure.

A provider whose read repeats the recorded inputs compares inputs first: a change of the code is
all that it names, though the update overwrites what somebody changed beside it as well.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from iac_adapters.pulumi.evaluation import Step
from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.property_paths import parse_property_path, top
from iac_adapters.pulumi.provider import DiffAnswer, ReadAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.values import visible
from reconciler.domain.compare import same


def untold(resource: LoadedResource, live: ReadAnswer, answer: DiffAnswer) -> frozenset[str]:
    """Return the written properties that have moved and that `answer`, about code, leaves out."""
    keys = {top(parse_property_path(path)) for path in (*answer.properties, *answer.paths)}
    recorded, wanted = resource.recorded, resource.wanted
    if resource.step not in (Step.UPDATE, Step.REPLACE) or not keys:
        return frozenset()
    if recorded is None or wanted is None:
        return frozenset()
    now, before, asked = visible(live.outputs), visible(recorded.outputs), visible(wanted)
    return frozenset(
        name
        for name, value in asked.items()
        if name not in keys
        and name in now
        and not same(now[name], before.get(name))
        and not same(now[name], value)
    )


def with_untold(answer: DiffAnswer, applied: DiffAnswer, names: Collection[str]) -> DiffAnswer:
    """Return `answer` with what `applied`, about the code as it was applied, says of `names`."""
    if applied.verdict is not Said.DIFFERENT:
        return answer
    more = tuple(path for path in applied.properties if top(parse_property_path(path)) in names)
    paths = {
        path: forces
        for path, forces in applied.paths.items()
        if top(parse_property_path(path)) in names
    }
    return replace(answer, properties=(*answer.properties, *more), paths={**answer.paths, **paths})
