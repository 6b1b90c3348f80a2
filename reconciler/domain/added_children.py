"""Children that nobody declared, from what was seen of them to what a person accepts. Pure."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator
from datetime import datetime

from reconciler.domain.compare import same
from reconciler.domain.fingerprint import Identity, fingerprint
from reconciler.domain.kept_baseline import ORDERED, Baselines, KeptBaseline
from reconciler.domain.model import (
    Added,
    Fingerprint,
    Kind,
    Observed,
    Origin,
    ResourceAddress,
)
from reconciler.domain.values import UNKNOWN, Value

_BELOW = "/"
"""Between the address of a parent and the type of its child."""


def child_address(parent: str, child: str, element: str) -> ResourceAddress:
    """Return the address of a child: `aws_iam_user.ana/aws_iam_user_policy["admin"]`.

    `element` tells it from others of its type; empty where there can be only one.
    """
    return element_address(f"{parent}{_BELOW}{child}", element)


def element_address(base: str, element: str) -> ResourceAddress:
    """Return the address of one of several children; `base` itself where `element` is empty."""
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


def written_child(address: ResourceAddress, added: Added, *, at: datetime) -> KeptBaseline:
    """Return the baseline by which a child is right as it is on every machine: by its content."""
    return KeptBaseline(key=address, identity="", mark=ORDERED, values=_content(added), kept_at=at)


def without_accepted(
    observed: Iterable[Observed], baselines: Baselines, *, key: bytes
) -> Iterator[Observed]:
    """Yield `observed` without the children that somebody has accepted as they are now."""
    for seen in observed:
        kept = baselines.get(seen.address)
        added = seen.verdict
        if kept is not None and isinstance(added, Added):
            found = added_fingerprint(seen.address, added, key=key)
            if kept.mark == found or _holds(kept.values, _content(added)):
                continue
        yield seen


def _content(added: Added) -> dict[str, Value]:
    return {change.path: change.live for change in added.changes}


def _holds(written: Value, content: dict[str, Value]) -> bool:
    """Whether `content` is what was written; a secret of another machine counts as unmoved."""
    if not isinstance(written, dict) or written.keys() != content.keys():
        return False
    return all(written[name] is UNKNOWN or same(written[name], content[name]) for name in content)


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
