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
        change.path: _digest(change, key) for change in changes if not _is_unreadable(change.live)
    }


def _is_unreadable(live: object) -> bool:
    return isinstance(live, Mapping) and "unreadable" in live


def _digest(change: HostChange, key: bytes) -> str:
    return value_digest([change.declared, change.live], key=key)
