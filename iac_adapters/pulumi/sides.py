"""One resource's properties as each of those concerned knows them, laid side by side.

Sets that a bridge writes as lists are aligned first, so that a path means the same on every side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from iac_adapters.pulumi.property_paths import parse_property_path, top
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.reset_inputs import reset_elements
from iac_adapters.pulumi.rotated_lists import in_known_order
from iac_adapters.pulumi.values import RawProperties, visible
from reconciler.domain.compare import (
    IsSet,
    align_as_listed,
    aligned_paths,
    changed_paths,
    ordered,
    same,
    value_at,
)
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value


@dataclass(frozen=True, slots=True, repr=False)
class Sides:
    """One resource's properties, raw, as each of four knows them. Holds secrets in plain text.

    `recorded_*` are those of the last update; `wanted` are the inputs the program asks for.
    `live_inputs` are empty where the provider reads outputs only.
    """

    live: RawProperties
    live_inputs: RawProperties
    recorded: RawProperties
    recorded_inputs: RawProperties
    wanted: RawProperties
    secret_outputs: tuple[str, ...] = ()

    def repeats(self, key: str) -> bool:
        """Whether the read told the recorded input of a property whose value has moved.

        The engine puts what was read back where `ignoreChanges` names a place: here that is what
        is recorded, and an update writes it. So do dynamic providers, which read outputs only.
        """
        if key not in self.recorded_inputs or self.live.get(key) == self.recorded.get(key):
            return False
        asked = self.recorded_inputs[key]
        return not self.live_inputs or self.live_inputs.get(key) == asked

    def values(self, *, ignored: Sequence[Steps] = ()) -> list[dict[str, Value]]:
        """Return recorded, live, wanted, recorded inputs and live inputs as values.

        What is `ignored` in a list that is told as one is live as it is recorded.
        """
        sides = (self.recorded, self.live, self.wanted, self.recorded_inputs, self.live_inputs)
        recorded, live, wanted, recorded_inputs, live_inputs = (visible(side) for side in sides)
        return [
            recorded,
            reset_elements(live, recorded, ignored),
            wanted,
            recorded_inputs,
            reset_elements(live_inputs, recorded_inputs, ignored),
        ]


@dataclass(frozen=True, slots=True, repr=False)
class Aligned:
    """The sides as values, sets aligned. `moved`: by the world; `coded`: by the code."""

    recorded: Value
    live: Value
    wanted: Value
    recorded_inputs: Value
    live_inputs: Value
    moved: tuple[Steps, ...]
    coded: tuple[Steps, ...]

    def met(self, path: Steps) -> bool:
        """Whether what the program asks for is already there."""
        wanted, live = value_at(self.wanted, path), value_at(self.live, path)
        return (wanted is not None or path in self.coded) and _alike(wanted, live)

    def unmet(self) -> list[Steps]:
        """Return where the wanted inputs are not what is live, by values alone."""
        live = self.live_inputs or self.live
        paths = aligned_paths(live, self.wanted)
        return [path for path in paths if value_at(self.wanted, path) is not None]

    def is_written(self, key: str) -> bool:
        """Whether the program says, or said, what the property shall be."""
        sides = (self.wanted, self.recorded_inputs)
        return any(isinstance(side, dict) and key in side for side in sides)

    def null_or_empty(self, path: Steps) -> bool:
        """Whether there is nothing at `path`, whoever is asked."""
        sides = (self.live, self.recorded, self.wanted)
        return all(is_empty(value_at(side, path)) for side in sides)


def aligned(
    values: Sequence[dict[str, Value]],
    answer: DiffAnswer,
    *,
    bridged: bool = False,
    acting: bool = False,
    ignored: Iterable[Steps] = (),
) -> Aligned:
    """Return the `Sides.values` such that one path is one thing on each.

    `answer` tells whose order counts. `bridged` says that lists may be sets to the provider,
    `acting` that the code alone has an update act on the resource. An index that is `ignored` is
    a place in the list as it was read: what stands there now is left, and the rest written.
    """
    lists = {place for value in values for place in _lists_of_objects(value, ())}

    def is_set(steps: Steps) -> bool:
        # Bridges write sets as lists, and nobody tells which is which.
        return _bare(steps) in lists

    meant = _reordered(values, answer, is_set)
    if acting and not _tops(values[3], values[2], is_set):
        meant |= _tops(values[3], values[2])  # else the code would have changed nothing
    indexed = {top(path) for path in ignored if any(isinstance(step, int) for step in path)}
    placed = set() if answer.verdict is Said.SAME else indexed
    meant |= placed
    lists -= {place for place in lists if top(place) in meant}
    recorded, live, wanted, recorded_inputs, live_inputs = align_as_listed(values, is_set)
    if bridged:
        counts = _order_counts(values, answer) | placed
        live = in_known_order(live, recorded, counts)
        live_inputs = in_known_order(live_inputs, recorded_inputs, counts)
    return Aligned(
        recorded=recorded,
        live=live,
        wanted=wanted,
        recorded_inputs=recorded_inputs,
        live_inputs=live_inputs,
        moved=aligned_paths(recorded, live, is_set),
        coded=aligned_paths(recorded_inputs, wanted, is_set),
    )


def _lists_of_objects(value: Value, at: Steps) -> Iterable[Steps]:
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _lists_of_objects(item, (*at, key))
    elif isinstance(value, list):
        if any(isinstance(item, dict) for item in value):
            yield at
        for item in value:
            yield from _lists_of_objects(item, (*at, "[]"))


def _reordered(
    values: Sequence[Mapping[str, Value]], answer: DiffAnswer, is_set: IsSet
) -> set[str]:
    """Return the properties whose order is meant.

    A provider that names a property of which nothing else differs counts the order.
    """
    if answer.verdict is Said.SAME:
        return set()
    recorded, live, wanted, asked = (dict(value) for value in values[:4])
    if keys := {top(parse_property_path(path)) for path in (*answer.properties, *answer.paths)}:
        otherwise = _tops(recorded, live, is_set) | _tops(asked, wanted, is_set)
        return (keys & (_tops(recorded, live) | _tops(asked, wanted))) - otherwise
    # What the engine compares by itself it compares in order.
    by_code = _tops(asked, wanted) - _tops(asked, wanted, is_set)
    moved = _tops(recorded, live, is_set)
    if answer.verdict is Said.UNKNOWN or moved & wanted.keys():
        return by_code
    # It sees a difference, and nothing that the program writes differs but in its order.
    return by_code | (_tops(recorded, live) - moved)


def _order_counts(values: Sequence[Mapping[str, Value]], answer: DiffAnswer) -> set[str]:
    """Return the properties of which the provider names nothing but the order of plain values."""
    if answer.verdict is not Said.DIFFERENT:
        return set()
    recorded, live, wanted, asked = values[:4]
    keys = {top(parse_property_path(path)) for path in (*answer.properties, *answer.paths)}
    return {
        key
        for key in keys
        if all(
            same(in_known_order(after.get(key), before.get(key)), before.get(key))
            for before, after in ((recorded, live), (asked, wanted))
        )
    }


def _tops(before: Value, after: Value, is_set: IsSet = ordered) -> set[str]:
    return {top(path) for path in changed_paths(before, after, is_set)}


def _bare(steps: Steps) -> Steps:
    return tuple("[]" if isinstance(step, int) else step for step in steps)


def _alike(left: Value, right: Value) -> bool:
    return (is_empty(left) and is_empty(right)) or same(left, right)
