"""Which moved objects an update may carry into what depends on them. Pure.

An update evaluates the program with what a refresh has adopted. A value that no other object
takes, or that no update alters, moves nothing else: then nobody has to run the program.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from iac_adapters.pulumi.loaded import LoadedResource
from iac_adapters.pulumi.provider import ReadAnswer
from iac_adapters.pulumi.values import plain, visible
from reconciler.domain.compare import align_as_listed, aligned_paths, value_at
from reconciler.domain.model import (
    Drifted,
    InSync,
    Missing,
    Noise,
    Origin,
    ResourceAddress,
    Status,
    Verdict,
)
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value

_WHOLE: Final = ""
_TELLING: Final = 3


@dataclass(frozen=True, slots=True, repr=False)
class Moved:
    """An object that is not as it was recorded.

    `texts` are the recorded values that read otherwise by now; None where an update changes the
    object, and its outputs are known only then.
    """

    live: ReadAnswer | None
    texts: frozenset[str] | None = None
    made_anew: bool = False

    def is_held_in(self, texts: Iterable[str]) -> bool:
        """Whether a recorded value that reads otherwise by now stands in one of `texts`."""
        return any(_holds(text, known) for text in texts for known in self.texts or ())


def moved(resource: LoadedResource, verdict: Verdict, live: ReadAnswer | None) -> Moved | None:
    """Return what is other of `resource` than it was recorded; None where nothing is."""
    if isinstance(verdict, Missing):
        return None if verdict.origin is Origin.UNAPPLIED else Moved(None, made_anew=True)
    if resource.recorded_as.status is not Status.LIVE or resource.state is None:
        return None
    if isinstance(verdict, Drifted):
        if not _by_somebody(verdict):
            return None
        return Moved(live, made_anew=verdict.requires_replace)
    if isinstance(verdict, InSync | Noise) and live is not None:
        texts = frozenset(_differing(resource.state.outputs, live.outputs))
        return Moved(live, texts) if texts else None
    return None


def sources_of(resource: LoadedResource) -> Mapping[str, tuple[str, ...]]:
    """Return by property the URNs that its recorded value comes from.

    What is deleted or replaced together with another object names that one as a whole. A refresh
    that loses an object takes it out of what the record says of others; the program still names it.
    """
    content = resource.state.content if resource.state is not None else {}
    dependencies = content.get("propertyDependencies") or {}
    found = {name: tuple(map(str, urns)) for name, urns in dependencies.items() if urns}
    whole = [*(content.get("replaceWith") or ()), content.get("deletedWith")]
    whole += resource.awaited or () if resource.followed else ()
    if urns := tuple(str(urn) for urn in whole if urn):
        found[_WHOLE] = urns
    return found


def above(resource: LoadedResource | None) -> frozenset[ResourceAddress]:
    """Return what its recorded values come from."""
    found = sources_of(resource).values() if resource is not None else ()
    return frozenset(ResourceAddress(urn) for urns in found for urn in urns)


def values_from(resource: LoadedResource) -> frozenset[ResourceAddress]:
    """Return what its properties take values from."""
    found = sources_of(resource).items()
    return frozenset(ResourceAddress(urn) for name, urns in found if name != _WHOLE for urn in urns)


def with_sources(
    wanted: Iterable[ResourceAddress], resources: Mapping[ResourceAddress, LoadedResource]
) -> set[ResourceAddress]:
    """Return `wanted` with all that their values come from: it may be what changes them."""
    found = set(wanted)
    asked = list(found)
    while asked:
        fresh = (above(resources.get(asked.pop())) & resources.keys()) - found
        found |= fresh
        asked += fresh
    return found


def carriers(
    among: Mapping[ResourceAddress, Moved], resources: Mapping[ResourceAddress, LoadedResource]
) -> dict[ResourceAddress, Moved]:
    """Return those of the moved objects whose values others take, and may get anew."""
    found = {
        address
        for resource in resources.values()
        for address in above(resource) & among.keys()
        if _takes(resource, resources[address], address, among[address])
    }
    return {address: moved for address, moved in among.items() if address in found}


def below(
    roots: Collection[ResourceAddress], resources: Mapping[ResourceAddress, LoadedResource]
) -> list[ResourceAddress]:
    """Return all whose values come from `roots`, directly or not, in the order of the record."""
    takers: dict[ResourceAddress, list[ResourceAddress]] = {}
    for address, resource in resources.items():
        for source in above(resource):
            takers.setdefault(source, []).append(address)
    found: set[ResourceAddress] = set()
    asked = list(roots)
    while asked:
        fresh = set(takers.get(asked.pop(), ())) - found
        found |= fresh
        asked += fresh
    return [address for address in resources if address in found]


def _by_somebody(verdict: Drifted) -> bool:
    if not verdict.changes:
        return verdict.origin in (Origin.OUT_OF_BAND, Origin.BOTH)
    return any(change.origin is not Origin.UNAPPLIED for change in verdict.changes)


def _takes(
    resource: LoadedResource, source: LoadedResource, address: ResourceAddress, seen: Moved
) -> bool:
    """Whether an update may give `resource` another value of the moved `source`."""
    state = resource.state
    if seen.made_anew:
        return True
    assert state is not None and source.state is not None  # noqa: S101, PT018 - both are recorded
    for name, urns in sources_of(resource).items():
        if address not in urns or name == _WHOLE:
            continue
        value = plain(state.inputs.get(name))
        if seen.texts is None:
            if value != source.state.id:  # the one output that no update alters
                return True
        elif seen.is_held_in(texts_in(value)):
            return True
    return False


def _holds(text: str, known: str) -> bool:
    """Whether `known` stands in `text`; a short one by itself alone, as a number does."""
    if len(known) >= _TELLING:
        return known in text
    return re.search(rf"(?<!\w){re.escape(known)}(?!\w)", text) is not None


def _differing(recorded: Mapping[str, object], live: Mapping[str, object]) -> Iterator[str]:
    if recorded == live:
        return
    before, after = align_as_listed((visible(recorded), visible(live)), _unordered)
    for path in aligned_paths(before, after, _unordered):
        value = value_at(before, path)
        if not is_empty(value):
            yield from texts_in(value)


def _unordered(_steps: Steps) -> bool:
    return True


def texts_in(value: Value) -> Iterator[str]:
    """Yield every text and number of a value."""
    if isinstance(value, dict):
        for item in value.values():
            yield from texts_in(item)
    elif isinstance(value, list):
        for item in value:
            yield from texts_in(item)
    elif value is not None:
        yield str(value)
