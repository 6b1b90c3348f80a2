"""What differs inside two values: the one model of the command line, the API and the terminal.

Lists in a JSON document are ordered. Those of an IAM policy are not, and one text there means the
same as a list of it. Of other lists only the schema knows, so they are compared as sets are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final, Literal, TypeAlias

from reconciler.domain.exposure import parsed_document
from reconciler.domain.fingerprint import canonical_bytes
from reconciler.domain.list_steps import Step, steps_between
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import Value

Kind: TypeAlias = Literal["changed", "added", "removed", "respelled"]

_MEMBERS: Final = frozenset(
    {"Action", "NotAction", "Resource", "NotResource", "AWS", "Service", "Federated"}
)
"""Of a policy document: one text means the same as a list of it."""
_MOST_PAIRED: Final = 10_000


class _Lists(Enum):
    """How the lists of a value are to be read."""

    UNKNOWN = auto()
    ORDERED = auto()
    POLICY = auto()


@dataclass(frozen=True, slots=True)
class Leaf:
    """One place where two values differ; one side is None where it is there on the other only.

    A `respelled` one means the same on both sides, in another order or spelling. `numbered` says
    whether the last index of its path means a place: in a set it does not.
    """

    steps: Steps
    kind: Kind
    before: Value
    after: Value
    numbered: bool = True

    @property
    def path(self) -> str:
        """Where it is, as people write it; empty for the value itself."""
        return render_path(self.steps)

    @property
    def place(self) -> str:
        """The same without an index that means no place."""
        return self.path if self.numbered else render_path(self.steps[:-1])


def leaves(before: Value, after: Value) -> tuple[Leaf, ...]:
    """Return where `before` and `after` differ, as deep as both have the same shape.

    Text that is a JSON document is looked into: a policy differs by a statement, not by two pages.
    """
    try:
        return tuple(_walk(before, after, (), _Lists.UNKNOWN))
    except RecursionError:  # a document may be nested deeper than Python calls
        return (Leaf((), "changed", before, after),)


def _walk(before: Value, after: Value, at: Steps, lists: _Lists) -> Iterator[Leaf]:
    if canonical_bytes(before) == canonical_bytes(after):
        return
    if isinstance(before, str) and isinstance(after, str):
        left, right = parsed_document(before), parsed_document(after)
        if left is not None and type(left) is type(right):
            yield from _walk(left, right, at, _Lists.ORDERED)
            return
    if isinstance(before, dict) and isinstance(after, dict) and not _secret(before, after):
        policy = "Statement" in before and "Statement" in after
        yield from _members(before, after, at, _Lists.POLICY if policy else lists)
    elif isinstance(before, list) and isinstance(after, list):
        ordered = lists is _Lists.ORDERED
        yield from _ordered(before, after, at) if ordered else _unordered(before, after, at, lists)
    else:
        yield Leaf(at, "changed", before, after)


def _secret(*values: dict[str, Value]) -> bool:
    """Whether one stands for a secret: the characters of a digest say nothing about it."""
    return any(set(value) == {"digest"} for value in values)


def _members(
    before: dict[str, Value], after: dict[str, Value], at: Steps, lists: _Lists
) -> Iterator[Leaf]:
    for name in sorted({*before, *after}):
        here = (*at, name)
        if name not in before:
            yield Leaf(here, "added", None, after[name])
        elif name not in after:
            yield Leaf(here, "removed", before[name], None)
        elif lists is _Lists.POLICY and name in {*_MEMBERS, "Statement"}:
            yield from _of_policy(before[name], after[name], here)
        else:
            yield from _walk(before[name], after[name], here, lists)


def _of_policy(before: Value, after: Value, at: Steps) -> Iterator[Leaf]:
    """Yield what differs between two members of a policy of which one text may be a list."""
    if type(before) is type(after):
        yield from _walk(before, after, at, _Lists.POLICY)
    elif _meaning(before, _Lists.POLICY, listed=True) == _meaning(
        after, _Lists.POLICY, listed=True
    ):
        yield Leaf(at, "respelled", before, after)
    else:
        yield from _unordered(_listed(before), _listed(after), at, _Lists.POLICY)


def _listed(value: Value) -> list[Value]:
    return value if isinstance(value, list) else [value]


def _ordered(before: list[Value], after: list[Value], at: Steps) -> Iterator[Leaf]:
    """Yield what differs between two lists whose order means something."""
    left, right = ([canonical_bytes(item) for item in items] for items in (before, after))
    if Counter(left) == Counter(right):
        yield Leaf(at, "respelled", before, after)
        return
    for step in steps_between(left, right):
        yield from _stepped(step, before, after, at)


def _stepped(step: Step, before: list[Value], after: list[Value], at: Steps) -> Iterator[Leaf]:
    old, new = step
    if old is not None and new is not None:
        yield from _walk(before[old], after[new], (*at, old), _Lists.ORDERED)
    elif old is not None:
        yield Leaf((*at, old), "removed", before[old], None)
    elif new is not None:
        yield Leaf((*at, new), "added", None, after[new])


def _unordered(before: list[Value], after: list[Value], at: Steps, lists: _Lists) -> Iterator[Leaf]:
    """Yield what differs between two lists as between two sets."""
    left, right = ([_meaning(item, lists) for item in items] for items in (before, after))
    if left == right:
        for place, (old, new) in enumerate(zip(before, after, strict=True)):
            yield from _walk(old, new, (*at, place), lists)
        return
    gone, came = _without(left, right), _without(right, left)
    if not gone and not came:
        yield Leaf(at, "respelled", before, after)
        return
    pairs = _pairs(gone, came, before, after)
    for old, new in pairs.items():
        yield from _walk(before[old], after[new], (*at, old), lists)
    for old in gone:
        if old not in pairs:
            yield Leaf((*at, old), "removed", before[old], None, numbered=False)
    for new in came:
        if new not in pairs.values():
            yield Leaf((*at, new), "added", None, after[new], numbered=False)


def _meaning(value: Value, lists: _Lists, *, listed: bool = False) -> bytes:
    """Return what is equal for two elements that mean the same."""
    return canonical_bytes(_plainest(value, listed=listed) if lists is _Lists.POLICY else value)


def _plainest(value: Value, *, listed: bool = False) -> Value:
    """Return a part of a policy in one spelling of many; with `listed`, as a list of one."""
    if listed and not isinstance(value, list):
        return [_plainest(value)]
    if isinstance(value, dict):
        return {name: _plainest(item, listed=name in _MEMBERS) for name, item in value.items()}
    if isinstance(value, list):
        return sorted(map(_plainest, value), key=canonical_bytes)
    return value


def _without(items: Sequence[bytes], others: Sequence[bytes]) -> list[int]:
    """Return the places of `items` that `others` does not have, as often as it is there more."""
    spare = Counter(others)
    rest = []
    for place, item in enumerate(items):
        if spare[item]:
            spare[item] -= 1
        else:
            rest.append(place)
    return rest


def _pairs(
    gone: Sequence[int], came: Sequence[int], before: list[Value], after: list[Value]
) -> dict[int, int]:
    """Return which objects that came are those that are gone, changed."""
    if len(gone) * len(came) > _MOST_PAIRED:
        return {}
    alone = len(gone) == len(came) == 1
    free = list(came)
    pairs: dict[int, int] = {}
    for old in gone:
        found = max(free, key=lambda new: _alike(before[old], after[new]), default=None)
        least = 0.0 if alone else 0.5
        if found is not None and _alike(before[old], after[found]) >= least:
            pairs[old] = found
            free.remove(found)
    return pairs


def _alike(before: Value, after: Value) -> float:
    """Return which part of their members two objects have in common; less than 0 for others."""
    if not (isinstance(before, dict) and isinstance(after, dict)) or _secret(before, after):
        return -1.0
    names = {*before, *after}
    same = sum(
        name in before
        and name in after
        and _meaning(before[name], _Lists.POLICY, listed=name in _MEMBERS)
        == _meaning(after[name], _Lists.POLICY, listed=name in _MEMBERS)
        for name in names
    )
    return same / len(names) if names else 1.0
