"""What a person said is right about a host though nobody declares it. Pure.

Exactly what was there is accepted, beside exactly what was declared: a further change of either
is a difference again.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.host_baselines import HostChange

MOST_ACCEPTED: Final = 5_000
"""Places of one host; what is more belongs into the stack's code."""
Accepted = Mapping[str, str]
"""Keyed digests of what was declared and live, by path."""


def not_accepted(
    changes: Iterable[HostChange], accepted: Accepted, *, key: bytes
) -> tuple[HostChange, ...]:
    """Return the changes that nobody accepted."""
    return tuple(
        change
        for change in changes
        if change.path not in accepted or accepted[change.path] != _digest(change, key)
    )


def acceptance_of(changes: Iterable[HostChange], *, key: bytes) -> dict[str, str]:
    """Return what accepts `changes`; what could not be read is left out."""
    return {
        change.path: _digest(change, key) for change in changes if not is_unreadable(change.live)
    }


def left_out(changes: Iterable[HostChange]) -> tuple[str, ...]:
    """Return the paths of what cannot be accepted: nobody knows what is there."""
    return tuple(sorted(change.path for change in changes if is_unreadable(change.live)))


def is_unreadable(live: object) -> bool:
    """Whether `live` of a change stands for what a probe could not read."""
    return isinstance(live, Mapping) and "unreadable" in live


def _digest(change: HostChange, key: bytes) -> str:
    return value_digest([change.declared, change.live], key=key)
