"""What differs inside two values that differ: a statement of a policy rather than two pages.

Only values of a size that can be compared in time are, as many as fit in the time box.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from reconciler.domain.exposure import parsed_document
from reconciler.domain.inside import leaves

Kind = Literal["changed", "added", "removed"]

TIME_BOX_S: Final = 0.25
"""For all changes of one finding together; what does not fit is shown as whole values."""
_MOST_NODES: Final = 1500


@dataclass(frozen=True, slots=True)
class Difference:
    """One place inside a value; `before` or `after` is None where it is there on one side only."""

    path: str
    kind: Kind
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Comparison:
    """What differs between two values.

    With `only_order`, nothing but the order of elements, or the spelling of a policy, does.
    Without `complete` they were too large to compare in time, and nothing is listed.
    """

    differences: tuple[Difference, ...] = ()
    only_order: bool = False
    complete: bool = True


TOO_LARGE: Final = Comparison(complete=False)


def compare(before: Any, after: Any) -> Comparison:
    """Return what differs inside two JSON values that are not equal; text that is JSON is read."""
    left, right = _opened(before), _opened(after)
    if not (isinstance(left, dict | list) and type(left) is type(right)):
        return Comparison()
    if _nodes(left) + _nodes(right) > _MOST_NODES:
        return TOO_LARGE
    differences = tuple(
        Difference(leaf.path, leaf.kind, leaf.before, leaf.after)
        for leaf in leaves(before, after)
        if leaf.kind != "respelled"
    )
    return Comparison(differences, only_order=not differences)


def compare_changes(
    changes: list[dict[str, Any]], *, clock: Callable[[], float] = time.monotonic
) -> list[Comparison | None]:
    """Return what differs inside each change of a finding, None where nothing needs a look.

    Whatever comes after the time box is not compared.
    """
    pairs = [None if change.get("sensitive") else sides(change) for change in changes]
    return compare_pairs(pairs, clock=clock)


def compare_pairs(
    pairs: Iterable[tuple[Any, Any] | None], *, clock: Callable[[], float] = time.monotonic
) -> list[Comparison | None]:
    """Return what differs inside each pair, None for a pair that needs no look.

    Whatever comes after the time box is not compared.
    """
    limit = clock() + TIME_BOX_S
    found: list[Comparison | None] = []
    for pair in pairs:
        if pair is None or not _worth_a_look(*pair):
            found.append(None)
        else:
            found.append(compare(*pair) if clock() < limit else TOO_LARGE)
    return found


def sides(change: Mapping[str, Any]) -> tuple[Any, Any]:
    """Return what a change leads from and to: what somebody would read against each other."""
    declared, recorded, live = (change.get(name) for name in ("declared", "recorded", "live"))
    if change.get("origin") == "unapplied" or recorded == live:
        return live, declared
    return recorded, live


def _worth_a_look(before: Any, after: Any) -> bool:
    if isinstance(before, str) and isinstance(after, str):
        return before[:1] in ("{", "[") and after[:1] in ("{", "[")
    return isinstance(before, dict | list) and isinstance(after, dict | list)


def _opened(value: Any) -> Any:
    document = parsed_document(value) if isinstance(value, str) else None
    return value if document is None else document


def _nodes(value: Any) -> int:
    """Return how many values `value` holds, counted no further than matters."""
    count = 0
    waiting = [value]
    while waiting and count <= _MOST_NODES:
        item = waiting.pop()
        count += 1
        if isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, list):
            waiting.extend(item)
    return count
