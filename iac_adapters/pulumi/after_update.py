"""Which values the last update chose, by the provider's own preview of what was there before.

A preview leaves open what its provider will choose. What the record then has there counts as
made by the update, whoever ran it. A change by hand between the last read and the update cannot be
told from it there: a provider that leaves all its outputs open has it taken in with them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

from iac_adapters.answers_in_time import answers_in_time
from iac_adapters.pulumi.along import alike
from iac_adapters.pulumi.loaded import LoadedResource, Recorded
from iac_adapters.pulumi.provider import Provider, ReadAnswer
from iac_adapters.pulumi.provider_config import Providers
from iac_adapters.pulumi.values import RawProperties, visible
from reconciler.domain.compare import value_at
from reconciler.domain.model import ResourceAddress, Status
from reconciler.domain.origin import contains_unknown
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value

Resources = Mapping[ResourceAddress, LoadedResource]


@dataclass(frozen=True, slots=True, repr=False)
class Chosen:
    """The places whose value an update chose, and the outputs that it left."""

    outputs: RawProperties
    places: tuple[Steps, ...]


async def chosen_by_update(
    before: Resources,
    live: Mapping[ResourceAddress, ReadAnswer],
    after: Resources,
    *,
    read: Collection[ResourceAddress],
    providers: Providers,
    deadline_s: float,
) -> dict[ResourceAddress, Chosen]:
    """Return what an update chose between two loads of one stack, by address.

    `read` are the objects of `before` that were read, and `live` has those that were not as
    recorded. An object that was not read, or that its provider cannot preview, is left out: its
    values are held against the older ones.
    """
    return await answers_in_time(
        {
            address: partial(_chosen, resource, old, live.get(address), providers, deadline_s)
            for address, resource in after.items()
            if address in read and (old := _updated(before.get(address), resource)) is not None
        }
    )


def is_rewritten(old: LoadedResource, new: LoadedResource | None) -> bool:
    """Whether the record has something else of the object by now, or nothing any more."""
    if new is None or new.state is None or old.state is None:
        return True
    return (new.state.id, new.state.outputs) != (old.state.id, old.state.outputs)


def _updated(old: LoadedResource | None, new: LoadedResource) -> Recorded | None:
    """Return what stood in the record of an object that an update has left otherwise since.

    A refresh leaves what the last update left as it is.
    """
    state = old.state if old is not None else None
    if state is None or new.state is None or new.recorded is None or new.provider is None:
        return None
    if new.recorded_as.status is not Status.LIVE or new.refusal is not None or new.state.external:
        return None
    if new.recorded.outputs != new.state.outputs or new.recorded.outputs == state.outputs:
        return None
    return Recorded(state.id, state.inputs, state.outputs) if state.id == new.state.id else None


async def _chosen(
    new: LoadedResource,
    old: Recorded,
    last: ReadAnswer | None,
    providers: Providers,
    deadline_s: float,
) -> Chosen | None:
    assert new.provider is not None  # noqa: S101 - `_updated` has looked
    provider = await providers.get(new.provider)
    places = await _places(new, old, last, provider, deadline_s)
    return Chosen(_left(new).outputs, places) if places else None


async def _places(
    new: LoadedResource,
    old: Recorded,
    last: ReadAnswer | None,
    provider: Provider,
    deadline_s: float,
) -> tuple[Steps, ...]:
    left, subject = _left(new), new.subject
    if last is not None and last.gone:
        made = await provider.previewed_creation(subject, wanted=left.inputs, timeout_s=deadline_s)
        return chosen_places(made, left, before={}, seen={})
    seen = old if last is None else Recorded(last.id, last.inputs or old.inputs, last.outputs)
    # An update begins with what is recorded, and with what was there where it refreshes first.
    for before in (seen, old) if seen is not old else (old,):
        planned = await provider.previewed_update(
            subject,
            outputs=before.outputs,
            inputs=before.inputs,
            wanted=left.inputs,
            ignored=new.ignored,
            timeout_s=deadline_s,
        )
        if places := chosen_places(planned, left, before=before.outputs, seen=seen.outputs):
            return places
    return ()


def chosen_places(
    planned: RawProperties | None, left: Recorded, *, before: RawProperties, seen: RawProperties
) -> tuple[Steps, ...]:
    """Return where the update from `before` alone could choose, and has written another value.

    Nothing where the record has not what the preview says: then it was not this update. What
    stands there as it was last `seen` was not written: if it was changed by hand, it still is.
    """
    if planned is None:
        return ()
    was, wanted, now = visible(before), visible(planned), visible(left.outputs)
    moved = [place for place in _leaves(wanted) if not _alike(was, wanted, place)]
    known = [place for place in moved if not contains_unknown(value_at(wanted, place))]
    if not known or not all(_alike(wanted, now, place) for place in known):
        return ()
    asked, last = visible(left.inputs), visible(seen)
    return tuple(
        place for place in moved if value_at(asked, place) is None and not _alike(last, now, place)
    )


def _leaves(value: Value, at: Steps = ()) -> Iterator[Steps]:
    """Yield the places that names lead to: an index is another one after an update."""
    if not isinstance(value, dict):
        yield at
        return
    for name, item in value.items():
        yield from _leaves(item, (*at, name))


def _left(resource: LoadedResource) -> Recorded:
    assert resource.recorded is not None  # noqa: S101 - `_updated` has looked
    return resource.recorded


def _alike(left: Value, right: Value, place: Steps) -> bool:
    return alike(value_at(left, place), value_at(right, place))
