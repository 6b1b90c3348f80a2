"""Children that nobody declared, from what was seen of them to what a person accepts. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from reconciler.domain.fingerprint import Identity, fingerprint
from reconciler.domain.kept_baseline import Baselines, KeptBaseline
from reconciler.domain.model import (
    Added,
    Fingerprint,
    Kind,
    Observed,
    Origin,
    ResourceAddress,
)

_BELOW = "/"
"""Between the address of a parent and the type of its child."""


def child_address(parent: str, child: str, element: str) -> ResourceAddress:
    """Return the address of a child: `aws_iam_user.ana/aws_iam_user_policy["admin"]`.

    `element` tells it from others of its type; empty where there can be only one.
    """
    base = f"{parent}{_BELOW}{child}"
    return ResourceAddress(
        f"{base}[{json.dumps(element, ensure_ascii=False)}]" if element else base
    )


def added_fingerprint(address: ResourceAddress, added: Added, *, key: bytes) -> Fingerprint:
    """Return the identity of the drift that `added` is: another content is another drift."""
    return fingerprint(Identity(address, Kind.ADDED, added.changes, Origin.UNDECLARED), key=key)


def accepted_child(
    address: ResourceAddress, found: Fingerprint, *, by: str, reason: str | None, at: datetime
) -> KeptBaseline:
    """Return the baseline by which a child is right as it is; what it holds is in `found` alone."""
    return KeptBaseline(
        key=address,
        identity="",
        mark=found,
        values=None,
        kept_at=at,
        accepted_by=by,
        reason=reason,
    )


def without_accepted(
    observed: Iterable[Observed], baselines: Baselines, *, key: bytes
) -> Iterator[Observed]:
    """Yield `observed` without the children that somebody has accepted as they are now."""
    for seen in observed:
        kept = baselines.get(seen.address)
        if (
            isinstance(seen.verdict, Added)
            and kept is not None
            and kept.mark == added_fingerprint(seen.address, seen.verdict, key=key)
        ):
            continue
        yield seen


def children_among(
    addresses: Collection[ResourceAddress], known: Collection[ResourceAddress]
) -> tuple[ResourceAddress, ...]:
    """Return those of `addresses` that are children of a resource in `known`."""
    parents = frozenset(known)
    return tuple(
        sorted(
            address
            for address in addresses
            if address not in parents and any(parent in parents for parent in _parents(address))
        )
    )


def _parents(address: str) -> Iterator[str]:
    at = address.find(_BELOW)
    while at >= 0:
        yield address[:at]
        at = address.find(_BELOW, at + 1)
