"""Where two values differ, as people name the places.

One attribute is one place: objects and maps are entered key by key, lists of objects
element by element; lists of plain values are compared as a whole. Sets (known by their
path) have no order: `align` puts each in one order, and equal elements at equal indices.
"""

from __future__ import annotations

import operator
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final, TypeAlias

from reconciler.domain.paths import Steps
from reconciler.domain.set_order import Rank, rank
from reconciler.domain.values import Sensitive, Unknown, Value

IsSet: TypeAlias = Callable[[Steps], bool]

# Beyond so many pairs of leftover elements nobody reads which one became which.
_MOST_PAIRS: Final = 10_000


def ordered(_steps: Steps) -> bool:
    """Hold every list's order for meant."""
    return False


def same(left: Value, right: Value, is_set: IsSet = ordered) -> bool:
    """Whether both mean the same: numbers by value, null keys as absent ones.

    `True` is no number.
    """
    if left is right:
        return True
    return canonical(left, is_set) == canonical(right, is_set)


def canonical(value: Value, is_set: IsSet = ordered, at: Steps = ()) -> Hashable:
    """Return something hashable that equals another's exactly when both are the `same`."""
    match value:
        case None | str() | Sensitive() | Unknown():
            return value
        case bool():
            return ("bool", value)
        case int() | float() | Decimal():
            return ("number", _number(value))
        case list():
            parts = [canonical(item, is_set, (*at, index)) for index, item in enumerate(value)]
            return frozenset(Counter(parts).items()) if is_set(at) else ("list", *parts)
        case dict():
            return frozenset(
                (key, canonical(item, is_set, (*at, key)))
                for key, item in value.items()
                if item is not None
            ) | {"map"}


def _number(value: float | Decimal) -> Hashable:
    # Shortest decimal form: the float 0.1 and the text "0.1" are one number to a reader.
    exact = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return "nan" if exact.is_nan() else exact


def changed_paths(before: Value, after: Value, is_set: IsSet = ordered) -> tuple[Steps, ...]:
    """List the places where `before` and `after` are not the same, sorted.

    In a set of objects an index is that of `before` in order; an element only `after` has
    comes behind the last one.
    """
    aligned_before, aligned_after = align((before, after), is_set)
    return aligned_paths(aligned_before, aligned_after, is_set)


def aligned_paths(before: Value, after: Value, is_set: IsSet = ordered) -> tuple[Steps, ...]:
    """List the places where two values differ that `align` has returned together."""
    return tuple(sorted(_paths(before, after, is_set, ()), key=sort_key))


def maps_of_other_keys(before: Value, after: Value) -> tuple[Steps, ...]:
    """List the maps that are the `same` and differ by keys whose value is null, sorted."""
    return tuple(sorted(_maps_of_other_keys(before, after, ()), key=sort_key))


def _maps_of_other_keys(before: Value, after: Value, at: Steps) -> Iterable[Steps]:
    if isinstance(before, dict) and isinstance(after, dict):
        found = [
            path
            for key in before.keys() & after.keys()
            for path in _maps_of_other_keys(before[key], after[key], (*at, key))
        ]
        others = before.keys() ^ after.keys()
        null = all(before.get(key) is None and after.get(key) is None for key in others)
        return [*found, at] if others and null else found
    if isinstance(before, list) and isinstance(after, list):
        return [
            path
            for index, pair in enumerate(zip(before, after, strict=False))
            for path in _maps_of_other_keys(*pair, (*at, index))
        ]
    return ()


def sort_key(steps: Steps) -> tuple[tuple[int, str], ...]:
    """Return what sorts paths as people do: `[9]` before `[10]`, both before names."""
    return tuple((step, "") if isinstance(step, int) else (-1, step) for step in steps)


def value_at(value: Value, steps: Steps) -> Value:
    """Return what stands at a path; None where nothing does."""
    for step in steps:
        if isinstance(value, dict):
            value = value.get(str(step))
        elif isinstance(value, list) and isinstance(step, int) and step < len(value):
            value = value[step]
        else:
            return None
    return value


def starts_with(steps: Steps, prefix: Steps) -> bool:
    """Whether `prefix` leads to the same place, or to one around it."""
    return steps[: len(prefix)] == prefix


def overlap(left: Steps, right: Steps) -> bool:
    """Whether one path lies at or below the other."""
    return starts_with(left, right) or starts_with(right, left)


def _paths(before: Value, after: Value, is_set: IsSet, at: Steps) -> Iterable[Steps]:
    if isinstance(before, dict) and isinstance(after, dict):
        found: list[Steps] = []
        for key in before.keys() | after.keys():
            found.extend(_paths(before.get(key), after.get(key), is_set, (*at, key)))
        return found
    if isinstance(before, list) and isinstance(after, list) and _of_objects(before, after):
        return _element_paths(before, after, is_set, at)
    return () if _same_at(before, after, is_set, at) else (at,)


def _element_paths(
    before: list[Value], after: list[Value], is_set: IsSet, at: Steps
) -> Iterable[Steps]:
    found: list[Steps] = []
    for index in range(max(len(before), len(after))):
        inner = (*at, index)
        found.extend(_paths(_item(before, index), _item(after, index), is_set, inner))
    if not found and len(before) != len(after) and not is_set(at):
        return (at,)  # they differ by trailing nulls alone
    return found


def _same_at(before: Value, after: Value, is_set: IsSet, at: Steps) -> bool:
    if before is after:
        return True
    return canonical(before, is_set, at) == canonical(after, is_set, at)


def _of_objects(*lists: list[Value]) -> bool:
    elements = [item for items in lists for item in items if item is not None]
    return bool(elements) and all(isinstance(item, dict) for item in elements)


def _item(items: Sequence[Value], index: int) -> Value:
    return items[index] if index < len(items) else None


def align(values: Sequence[Value], is_set: IsSet = ordered) -> tuple[Value, ...]:
    """Return `values` with the elements of sets at common indices, however they were listed.

    Elements of a set of objects that are equal, or most alike, come to the index they
    have in the first value that holds them, its elements in order (`set_order`); where a
    value has none, its place is null. Other sets are in order. Lists stay as they are.
    """
    return align_as_listed([in_order(value, is_set) for value in values], is_set)


def align_as_listed(values: Sequence[Value], is_set: IsSet) -> tuple[Value, ...]:
    """Return `values` as `align` does, indices being those of the first value as it is.

    It is for lists that may be sets: where one is a list, its own indices are kept.
    """
    return tuple(_align(list(values), is_set, ()))


def in_order(value: Value, is_set: IsSet, at: Steps = ()) -> Value:
    """Return `value` with the elements of every set in it in one order, at any depth.

    What holds no set is returned as it is: a list may know more than its elements.
    """
    if isinstance(value, dict):
        known = {key: in_order(item, is_set, (*at, key)) for key, item in value.items()}
        return value if all(item is value[key] for key, item in known.items()) else known
    if not isinstance(value, list):
        return value
    items = [in_order(item, is_set, (*at, index)) for index, item in enumerate(value)]
    if is_set(at):
        items.sort(key=rank)
    return value if all(map(operator.is_, items, value)) else items


def _align(values: list[Value], is_set: IsSet, at: Steps) -> list[Value]:
    dicts = [value for value in values if isinstance(value, dict)]
    if dicts:
        return _align_keys(values, dicts, is_set, at)
    lists = [value for value in values if isinstance(value, list)]
    if not lists:
        return values
    if not _of_objects(*lists):
        return values
    if is_set(at):
        values = list(_slotted(values, is_set, at))
    return _align_elements(values, is_set, at)


def _align_keys(
    values: list[Value], dicts: Sequence[Mapping[str, Value]], is_set: IsSet, at: Steps
) -> list[Value]:
    aligned: list[dict[str, Value]] = [{} for _ in values]
    for key in sorted({key for known in dicts for key in known}):
        column = [value.get(key) if isinstance(value, dict) else None for value in values]
        for target, item in zip(aligned, _align(column, is_set, (*at, key)), strict=True):
            target[key] = item
    return [
        {key: item for key, item in target.items() if key in value}
        if isinstance(value, dict)
        else value
        for target, value in zip(aligned, values, strict=True)
    ]


def _align_elements(values: list[Value], is_set: IsSet, at: Steps) -> list[Value]:
    longest = max(len(value) for value in values if isinstance(value, list))
    columns = [
        _align(
            [_item(value, index) if isinstance(value, list) else None for value in values],
            is_set,
            (*at, index),
        )
        for index in range(longest)
    ]
    return [
        [columns[index][which] for index in range(len(value))] if isinstance(value, list) else value
        for which, value in enumerate(values)
    ]


def _slotted(values: Sequence[Value], is_set: IsSet, at: Steps) -> Iterable[Value]:
    slots = _Slots(is_set, at)
    columns = [slots.place(value) if isinstance(value, list) else None for value in values]
    for value, column in zip(values, columns, strict=True):
        yield value if column is None else column


class _Slots:
    """Common indices for the elements of one set in several values."""

    def __init__(self, is_set: IsSet, at: Steps) -> None:
        self._is_set = is_set
        self._element = (*at, 0)
        self._at = at
        self._holders: list[Value] = []
        self._by_content: dict[Hashable, list[int]] = defaultdict(list)

    def place(self, elements: list[Value]) -> list[Value]:
        """Return `elements` at their slots, null between them."""
        chosen: dict[int, Value] = {}
        waiting: list[Value] = []
        if self._holders:
            elements = sorted(elements, key=self._rank)
        free = {key: deque(slots) for key, slots in self._by_content.items()}
        for element in elements:
            slots = free.get(self._content(element))
            while slots and slots[0] in chosen:
                slots.popleft()
            if slots:
                chosen[slots.popleft()] = element
            else:
                waiting.append(element)
        self._place_alike(waiting, chosen)
        for slot, element in chosen.items():
            self._remember(slot, element)
        return [chosen.get(slot) for slot in range(max(chosen, default=-1) + 1)]

    def _rank(self, element: Value) -> Rank:
        return rank(in_order(element, self._is_set, self._element))

    def _content(self, element: Value) -> Hashable:
        return canonical(element, self._is_set, self._element)

    def _remember(self, slot: int, element: Value) -> None:
        slots = self._by_content[self._content(element)]
        if slot not in slots[-1:]:
            slots.append(slot)

    def _place_alike(self, waiting: list[Value], chosen: dict[int, Value]) -> None:
        open_slots = [slot for slot in range(len(self._holders)) if slot not in chosen]
        paired = self._pairs(waiting, open_slots)
        for index, element in enumerate(waiting):
            slot = paired.get(index)
            if slot is None:
                slot = len(self._holders)
                self._holders.append(element)
            chosen[slot] = element

    def _pairs(self, waiting: list[Value], open_slots: list[int]) -> dict[int, int]:
        if not waiting or not open_slots or len(waiting) * len(open_slots) > _MOST_PAIRS:
            return {}
        fields = [self._fields(element) for element in waiting]
        holders = [self._fields(self._holders[slot]) for slot in open_slots]
        costs = sorted(
            (*cost, index, slot)
            for index, mine in enumerate(fields)
            for slot, theirs in zip(open_slots, holders, strict=True)
            if (cost := _distance(mine, theirs)) is not None
        )
        paired: dict[int, int] = {}
        taken: set[int] = set()
        for *_, index, slot in costs:
            if index not in paired and slot not in taken:
                paired[index] = slot
                taken.add(slot)
        return paired

    def _fields(self, element: Value) -> dict[str, Hashable]:
        if not isinstance(element, dict):
            return {}
        return {
            key: canonical(item, self._is_set, (*self._element, key))
            for key, item in element.items()
            if item is not None and not isinstance(item, Unknown)
        }


def _distance(left: dict[str, Hashable], right: dict[str, Hashable]) -> tuple[int, int] | None:
    """Count differing and one-sided fields; None when they have too little in common."""
    shared = left.keys() & right.keys()
    differing = sum(left[key] != right[key] for key in shared)
    if not shared or 2 * differing > len(shared):
        return None
    return differing, len(left) + len(right) - 2 * len(shared)
