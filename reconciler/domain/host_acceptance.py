"""What a person said is right about a host though nobody declares it. Pure.

Exactly what was there is accepted, beside exactly what was declared: a further change of either
is a difference again. An acceptance ends once its place is as declared.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.host_baselines import AcceptedPlace, HostBaseline, HostChange

MOST_ACCEPTED: Final = 5_000
"""Places of one host; what is more belongs into the stack's code."""
Accepted = Mapping[str, AcceptedPlace]
"""By path."""


@dataclass(frozen=True, slots=True)
class HostAcceptance:
    """How many places of a host are accepted, since when, and by whom.

    `since` is None where that was not kept.
    """

    places: int
    since: datetime | None
    by: tuple[str, ...]


def not_accepted(
    changes: Iterable[HostChange], accepted: Accepted, *, key: bytes
) -> tuple[HostChange, ...]:
    """Return the changes that nobody accepted."""
    return tuple(
        change
        for change in changes
        if change.path not in accepted or accepted[change.path].digest != _digest(change, key)
    )


def still_accepted(accepted: Accepted, changes: Collection[HostChange]) -> Accepted:
    """Return what of `accepted` goes on, by all `changes` of the host that were read now.

    A place that is as declared is accepted no more. One that could not be read may be as it was.
    """
    paths = {change.path for change in changes}
    unread = tuple(change.path for change in changes if is_unreadable(change.live))
    return {
        path: place for path, place in accepted.items() if path in paths or path.startswith(unread)
    }


def acceptance_of(
    changes: Iterable[HostChange], *, key: bytes, by: str, at: datetime
) -> dict[str, AcceptedPlace]:
    """Return what accepts `changes`; what could not be read is left out."""
    return {
        change.path: AcceptedPlace(_digest(change, key), by, at)
        for change in changes
        if not is_unreadable(change.live)
    }


def left_out(changes: Iterable[HostChange]) -> tuple[str, ...]:
    """Return the paths of what cannot be accepted: nobody knows what is there."""
    return tuple(sorted(change.path for change in changes if is_unreadable(change.live)))


def acceptance_on(baselines: Iterable[HostBaseline]) -> HostAcceptance | None:
    """Return what is accepted of the host of `baselines`; None where nothing is."""
    places = [place for baseline in baselines for place in baseline.accepted.values()]
    if not places:
        return None
    return HostAcceptance(
        places=len(places),
        since=min((place.at for place in places if place.at is not None), default=None),
        by=tuple(sorted({place.by for place in places if place.by is not None})),
    )


def is_unreadable(live: object) -> bool:
    """Whether `live` of a change stands for what a probe could not read."""
    return isinstance(live, Mapping) and "unreadable" in live


def _digest(change: HostChange, key: bytes) -> str:
    return value_digest([change.declared, change.live], key=key)
