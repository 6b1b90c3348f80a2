"""What differs inside two values that differ: a statement of a policy rather than two pages.

Only where values differ is `deepdiff` asked, since it takes a thousand times as long as `==`,
and only of values of a size that it can compare in time.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from reconciler.domain.exposure import parsed_document

Kind = Literal["changed", "added", "removed"]

TIME_BOX_S: Final = 0.25
"""For all changes of one finding together; what does not fit is shown as whole values."""
_MOST_NODES: Final = 1500
_MOST_DIFFS: Final = 20_000
_SECRET: Final = "\0secret "  # noqa: S105 - the mark of a digest, which no JSON text begins with
_MEMBERS: Final = frozenset(
    {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated"}
)
"""Of a policy document: one text means the same as a list of it, and the order means nothing."""
_KINDS: Final[Mapping[str, Kind]] = {
    "values_changed": "changed",
    "type_changes": "changed",
    "dictionary_item_added": "added",
    "iterable_item_added": "added",
    "dictionary_item_removed": "removed",
    "iterable_item_removed": "removed",
}


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
    # Slow to import, and most daemons are never asked.
    from deepdiff import DeepDiff  # noqa: PLC0415

    found = DeepDiff(
        left,
        right,
        ignore_order=True,
        report_repetition=True,
        view="tree",
        max_diffs=_MOST_DIFFS,
        verbose_level=2,
    )
    differences = tuple(sorted(_differences(found), key=lambda each: (each.path, each.kind)))
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
    if isinstance(value, str):
        document = parsed_document(value)
        return value if document is None else _opened(document)
    if isinstance(value, list):
        return [_opened(item) if not isinstance(item, str) else item for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"digest"}:
        # As one thing: the characters of a digest say nothing about a secret.
        return f"{_SECRET}{value['digest']}"
    opened = {name: _opened(item) for name, item in value.items()}
    return _policy(opened) if "Statement" in opened else opened


def _policy(document: dict[str, Any]) -> dict[str, Any]:
    """Return a policy document in one spelling of many."""
    statements = document["Statement"]
    listed = statements if isinstance(statements, list) else [statements]
    return {**document, "Statement": [_spelled(statement) for statement in listed]}


def _spelled(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    return {
        name: [item] if name in _MEMBERS and isinstance(item, str) else _spelled(item)
        for name, item in value.items()
    }


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


def _differences(found: Mapping[str, Any]) -> Iterator[Difference]:
    for name, levels in found.items():
        if name == "repetition_change":
            yield from (_repeated(level) for level in levels)
            continue
        kind = _KINDS.get(name)
        if kind is None:
            continue
        for level in levels:
            before = None if kind == "added" else _closed(level.t1)
            after = None if kind == "removed" else _closed(level.t2)
            yield Difference(_path(level), kind, before, after)


def _repeated(level: Any) -> Difference:
    """Return that an element is there more or less often than before."""
    more = level.additional["repetition"]
    kind: Kind = "added" if more["new_repeat"] > more["old_repeat"] else "removed"
    item = _closed(level.t1)
    before, after = (None, item) if kind == "added" else (item, None)
    return Difference(_path(level), kind, before, after)


def _closed(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_SECRET):
        return {"digest": value.removeprefix(_SECRET)}
    if isinstance(value, dict):
        return {name: _closed(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_closed(item) for item in value]
    return value


def _path(level: Any) -> str:
    steps = level.path(output_format="list", force="fake")
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".")
