"""Which code that is not applied yet makes a targeted update unsafe.

Pulumi 3.259 then fails half way, or ends with a checkpoint that it calls invalid itself:

- An untargeted resource is left as it is, and so is everything that it depended on when it was
  recorded and that has no step yet. What the code no longer makes it wait for may register later
  or be in the middle of its refresh, and is taken up twice ("Duplicate resource URN").
- An untargeted resource is written with its recorded provider, whether that has been registered
  or not ("refers to unknown provider", or "has not been registered yet, this is due to a change
  of providers mixed with --target").

Source: `getDependencySteps` in pkg/resource/deploy/step_generator.go of pulumi/pulumi 3.259.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

from iac_adapters.pulumi.dependencies import dependencies_in
from iac_adapters.pulumi.loaded import LoadedResource


def unsafe_code(resources: Iterable[LoadedResource], targets: Collection[str]) -> str | None:
    """Return what the code does that a targeted update must wait for; None when it is safe."""
    everything = list(resources)
    untargeted = [
        resource
        for resource in everything
        if resource.state is not None and resource.state.urn not in targets
    ]
    return _let_go(everything, untargeted) or _moved(untargeted)


def _let_go(
    everything: Sequence[LoadedResource], untargeted: Sequence[LoadedResource]
) -> str | None:
    recorded = {
        resource.state.urn: dependencies_in(resource.state.content)
        for resource in everything
        if resource.state is not None
    }
    recorded_as = {resource.named: _urn(resource) for resource in everything if resource.named}
    awaited = {
        _urn(resource): {recorded_as.get(urn, urn) for urn in resource.awaited}
        for resource in everything
        if resource.awaited is not None
    }
    for urn in map(_urn, untargeted):
        if urn not in awaited or recorded[urn] <= awaited[urn]:
            continue
        before = _reached(awaited, [urn])
        let_go = recorded[urn] - before
        # What the code does not ask for registers nothing that could come twice.
        twice = (let_go | _reached(recorded, let_go)) & awaited.keys() - before
        if twice:
            return f"no longer makes {_name(urn)} depend on {_name(min(twice))}"
    return None


def _moved(untargeted: Sequence[LoadedResource]) -> str | None:
    for resource in untargeted:
        if resource.state is None or not (resource.asked_of and resource.state.provider):
            continue
        before, now = (
            ref.rpartition("::")[0] for ref in (resource.state.provider, resource.asked_of)
        )
        if before != now:
            providers = f"from the provider {_name(before)} to {_name(now)}"
            return f"moves {resource.state.name} {providers}"
    return None


def _reached(graph: Mapping[str, Collection[str]], start: Iterable[str]) -> set[str]:
    """Return everything that `start` depends on, directly or by others."""
    reached: set[str] = set()
    to_follow = list(start)
    while to_follow:
        for urn in graph.get(to_follow.pop(), ()):
            if urn not in reached:
                reached.add(urn)
                to_follow.append(urn)
    return reached


def _urn(resource: LoadedResource) -> str:
    return resource.state.urn if resource.state is not None else resource.recorded_as.address


def _name(urn: str) -> str:
    return urn.rpartition("::")[2]
