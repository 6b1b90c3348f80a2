"""Lists of plain values that a bridge reads in any order, because they are sets to its provider.

A bridge writes lists and sets alike, and nothing on the wire tells which is which. Taken as read,
a set that the provider lists in another order at each read had another fingerprint and another
plan digest each time.

Source: pkg/tfbridge/rawstate.go of pulumi/pulumi-terraform-bridge 3.136 (`ArrayOrSet`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable
from itertools import zip_longest
from typing import Final

from iac_adapters.pulumi.property_paths import top
from iac_adapters.pulumi.values import RawProperties
from reconciler.domain.compare import canonical
from reconciler.domain.paths import Steps
from reconciler.domain.set_order import rank
from reconciler.domain.values import Value

_MARKS: Final = ("__pulumi_raw_state_delta", "__meta")


def is_bridged(outputs: RawProperties) -> bool:
    """Whether a bridge to a Terraform provider wrote these outputs."""
    return any(mark in outputs for mark in _MARKS)


def in_known_order(
    value: Value, known: Value, as_read: Collection[str] = (), at: Steps = ()
) -> Value:
    """Return `value` with its lists of plain values in the order of those in `known`.

    What only `value` has comes last, in one order. Properties in `as_read` stay as they
    are. Lists of objects are aligned already.
    """
    if at and top(at) in as_read:
        return value
    if isinstance(value, dict) and isinstance(known, dict):
        return {
            key: in_known_order(item, known.get(key), as_read, (*at, key))
            for key, item in value.items()
        }
    if not isinstance(value, list) or not isinstance(known, list):
        return value
    if any(isinstance(item, dict) for item in (*value, *known)):
        pairs = zip_longest(value, known[: len(value)])
        return [
            in_known_order(item, other, as_read, (*at, index))
            for index, (item, other) in enumerate(pairs)
        ]
    return _as_known(value, known)


def _as_known(value: list[Value], known: list[Value]) -> list[Value]:
    left: defaultdict[Hashable, list[Value]] = defaultdict(list)
    for item in value:
        left[canonical(item)].append(item)
    first = [left[key].pop() for item in known if left.get(key := canonical(item))]
    return [*first, *sorted((item for items in left.values() for item in items), key=rank)]
