"""Which values a plan calls secret that no apply has recorded yet.

The state marks what the last apply knew to be secret. `triggers = { pw = var.pw }` that nobody
applied is marked in the plan alone.
Source: JSON output format 1.x, `after_sensitive` of `resource_changes`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from iac_adapters.terraform.recorder.planned import PlannedChange
from reconciler.domain.compare import value_at
from reconciler.domain.paths import Steps

_MANAGED: Final = "managed"
_WITH_VALUES: Final = frozenset({"update", "replace"})
EVERYTHING: Final[tuple[Steps, ...]] = ((),)


def with_values(planned: Iterable[PlannedChange]) -> frozenset[str]:
    """Return the addresses of what exists and would be changed."""
    return frozenset(change.address for change in planned if change.action in _WITH_VALUES)


def planned_secrets(
    shown: Mapping[str, Any], addresses: Iterable[str]
) -> dict[str, tuple[Steps, ...]]:
    """Return the secret places of each address, by a plan as `show -json` prints it.

    An address of which the plan does not tell is secret as a whole.
    """
    marks = dict(_marks(shown))
    found = {address: marks.get(address, EVERYTHING) for address in addresses}
    return {address: places for address, places in found.items() if places}


def secret_values(shown: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Return by type what is secret of that which resources of the type shall have.

    By a plan as `show -json` prints it. A type that it does not tell of is not there.
    """
    found: dict[str, list[Any]] = {}
    for entry in _entries(shown):
        if entry.get("mode") == _MANAGED:
            change = entry["change"]
            values = found.setdefault(str(entry["type"]), [])
            places = secret_paths(change.get("after_sensitive"))
            values.extend(value_at(change.get("after"), place) for place in places)
    return found


def secret_paths(tree: Any, at: Steps = ()) -> Iterator[Steps]:
    """Yield each place that a mirror tree marks as secret."""
    if tree is True:
        yield at
    elif isinstance(tree, dict):
        for key, inner in tree.items():
            yield from secret_paths(inner, (*at, key))
    elif isinstance(tree, list):
        for index, inner in enumerate(tree):
            yield from secret_paths(inner, (*at, index))


def _marks(shown: Mapping[str, Any]) -> Iterator[tuple[str, tuple[Steps, ...]]]:
    for entry in _entries(shown):
        places = tuple(secret_paths(entry["change"].get("after_sensitive")))
        yield str(entry["address"]), places


def _entries(shown: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for entry in shown.get("resource_changes") or ():
        if isinstance(entry, Mapping) and not entry.get("deposed"):
            yield entry
