"""What the provider's comparison of a live object with the wanted inputs means.

The provider says whether an update would do anything, and which properties it is about. Which
paths of those moved, and who moved them, is seen from the values: the last update's, the live
ones, and those the program asks for.

Source: RefreshStep in pkg/resource/deploy/step.go of pulumi/pulumi 3.259, whose inverted diff
this is before the inversion.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from iac_adapters.masker import Masker
from iac_adapters.pulumi.property_paths import covered, parse_property_path
from iac_adapters.pulumi.provider import DiffAnswer
from iac_adapters.pulumi.provider import Verdict as Said
from iac_adapters.pulumi.secrecy import secrets_of
from iac_adapters.pulumi.values import RawProperties, visible
from iac_adapters.secret_places import SecretPlaces
from reconciler.domain.compare import (
    IsSet,
    align,
    aligned_paths,
    changed_paths,
    ordered,
    overlap,
    same,
    sort_key,
    value_at,
)
from reconciler.domain.model import Change, Drifted, InSync, Noise, NoiseItem, Origin, Verdict
from reconciler.domain.noise import NULL_OR_EMPTY, STALE, UNCHANGED
from reconciler.domain.origin import is_empty
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import UNKNOWN, Value

IGNORED: Final = "ignoreChanges: ignored, yet drifted"
UNTOLD: Final = "an update would change it, and its provider does not say what"
POSSIBLE: Final = "possible: its provider has no diff(), so the values were compared"

# What a provider derives from another property and repeats.
_ECHOES: Final = {
    "tagsAll": "tags",
    "effectiveLabels": "labels",
    "pulumiLabels": "labels",
    "terraformLabels": "labels",
}


@dataclass(frozen=True, slots=True, repr=False)
class Sides:
    """One resource's properties, raw, as each of four knows them. Holds secrets in clear.

    `recorded_*` are those of the last update; `wanted` are the inputs the program asks for.
    `live_inputs` are empty where the provider reads outputs only.
    """

    live: RawProperties
    live_inputs: RawProperties
    recorded: RawProperties
    recorded_inputs: RawProperties
    wanted: RawProperties
    secret_outputs: tuple[str, ...] = ()


def judge(
    sides: Sides, answer: DiffAnswer, *, ignored: Sequence[str] = (), masker: Masker
) -> Verdict:
    """Return what `answer`, the provider's word on live against wanted, means.

    No secret is in the verdict: not in values, paths or reasons.
    """
    return _case(sides, answer, ignored, masker).verdict()


def _case(sides: Sides, answer: DiffAnswer, ignored: Sequence[str], masker: Masker) -> _Case:
    values = [
        visible(side)
        for side in (
            sides.recorded, sides.live, sides.wanted, sides.recorded_inputs, sides.live_inputs
        )
    ]  # fmt: skip
    lists = {place for value in values for place in _lists_of_objects(value, ())}

    def is_set(steps: Steps) -> bool:
        # Bridges write sets as lists, and nobody tells which is which.
        return _bare(steps) in lists

    meant = _reordered(values, answer, is_set)
    lists -= {place for place in lists if _top(place) in meant}
    aligned = align(values, is_set)
    raw = (sides.recorded, sides.live, sides.wanted, sides.recorded_inputs)
    secrets = secrets_of(raw, sides.secret_outputs).with_words_of(values)
    return _Case(
        recorded=aligned[0],
        live=aligned[1],
        wanted=aligned[2],
        recorded_inputs=aligned[3],
        live_inputs=aligned[4],
        answer=answer,
        ignored=tuple(parse_property_path(path) for path in ignored),
        moved=aligned_paths(aligned[0], aligned[1], is_set),
        coded=aligned_paths(aligned[3], aligned[2], is_set),
        masker=masker,
        secrets=secrets,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Case:
    """The sides of one resource, sets aligned. `moved`: by the world; `coded`: by the code."""

    recorded: Value
    live: Value
    wanted: Value
    recorded_inputs: Value
    live_inputs: Value
    answer: DiffAnswer
    ignored: tuple[Steps, ...]
    moved: tuple[Steps, ...]
    coded: tuple[Steps, ...]
    masker: Masker
    secrets: SecretPlaces

    def verdict(self) -> Verdict:
        keys = self._keys()
        found = [path for key in keys for path in self._paths(key)]
        # What follows alone from what is ignored, or already there, is as little to act on.
        counts = any(
            path in found and not covered(path, self.ignored)
            for path in self._causes([*found, *self._settled()])
        )
        paths = [path for path in found if counts and not covered(path, self.ignored)]
        noise = self._noise(paths)
        if not found and self.answer.verdict is Said.DIFFERENT:
            replaces = bool(self.answer.replacing)
            return Drifted((), noise=noise, requires_replace=replaces, reason=UNTOLD)
        if not paths:
            return Noise(noise) if noise else InSync()
        causes = self._causes(paths)
        changes = self._changes(causes)
        followers = self._changes([path for path in paths if path not in causes])
        shown = {change.path for change in changes}
        return Drifted(
            changes=changes,
            consequences=tuple(one for one in followers if one.path not in shown),
            noise=noise,
            requires_replace=bool(self.answer.replacing) or any(self.answer.paths.values()),
            reason=POSSIBLE if self.answer.verdict is Said.UNKNOWN else None,
        )

    def _keys(self) -> tuple[str, ...]:
        """Return the properties an update would be about, as far as the provider tells."""
        if self.answer.verdict is Said.SAME:
            return ()
        if told := self._told():
            return tuple(dict.fromkeys(_top(parse_property_path(path)) for path in told))
        seen = (*self.moved, *self.coded, *self._unmet())
        return tuple(dict.fromkeys(_top(path) for path in seen))

    def _told(self) -> list[str]:
        if self.answer.verdict is not Said.DIFFERENT:
            return []
        return [*self.answer.properties, *self.answer.paths]

    def _settled(self) -> list[Steps]:
        """Return what moved to where the program wants it, when nobody else compares."""
        if self.answer.verdict is not Said.UNKNOWN:
            return []
        return [path for path in self.moved if self._met(path)]

    def _unmet(self) -> list[Steps]:
        """Return where the wanted inputs are not what is live, by values alone."""
        live = self.live_inputs or self.live
        return [path for path in aligned_paths(live, self.wanted) if _stated(self.wanted, path)]

    def _paths(self, key: str) -> list[Steps]:
        found = [path for path in (*self.moved, *self.coded) if _top(path) == key]
        found = [path for path in dict.fromkeys(found) if not self._met(path)]
        # What a refresh by somebody else has adopted moved neither here nor there.
        found = found or [path for path in self._unmet() if _top(path) == key]
        return found or ([(key,)] if self._told() else [])

    def _met(self, path: Steps) -> bool:
        """Whether what the program asks for is already there."""
        wanted, live = value_at(self.wanted, path), value_at(self.live, path)
        return (wanted is not None or path in self.coded) and _alike(wanted, live)

    def _causes(self, paths: list[Steps]) -> list[Steps]:
        """Tell what somebody changed from what the provider derives from it. Somebody did."""
        causes = [path for path in paths if not self._is_derived(path, paths)]
        causes = [path for path in causes if not self._null_or_empty(path)] or causes
        return causes or paths

    def _is_derived(self, path: Steps, paths: list[Steps]) -> bool:
        key = _top(path)
        others = {_top(one) for one in paths if _top(one) != key}
        if not others:
            return False
        if _ECHOES.get(key) in others:
            return True
        if self._is_written(key):
            return False
        if not is_empty(value_at(self.recorded, (key,))):
            return True  # the provider chose it once, and nobody has said otherwise
        live = value_at(self.live, (key,))
        return any(
            same(live, value_at(self.live, (other,))) for other in others if self._is_written(other)
        )

    def _is_written(self, key: str) -> bool:
        sides = (self.wanted, self.recorded_inputs)
        return any(isinstance(side, dict) and key in side for side in sides)

    def _null_or_empty(self, path: Steps) -> bool:
        sides = (self.live, self.recorded, self.wanted)
        return all(is_empty(value_at(side, path)) for side in sides)

    def _noise(self, drifting: list[Steps]) -> tuple[NoiseItem, ...]:
        quiet = [path for path in self.moved if not _touches(path, drifting)]
        items = {self._place(path): self._reason(path) for path in quiet}
        return tuple(NoiseItem(render_path(path), items[path]) for path in _sorted(items))

    def _reason(self, path: Steps) -> str:
        if covered(path, self.ignored):
            return IGNORED
        live = value_at(self.live, path)
        if is_empty(live) and is_empty(value_at(self.recorded, path)):
            return NULL_OR_EMPTY
        return STALE if path in self.coded and self._met(path) else UNCHANGED

    def _changes(self, paths: list[Steps]) -> tuple[Change, ...]:
        return tuple(self._change(path) for path in _sorted({self._place(one) for one in paths}))

    def _place(self, path: Steps) -> Steps:
        return self.secrets.without_words(self.secrets.boundary(path) or path)

    def _change(self, path: Steps) -> Change:
        recorded = value_at(self.recorded, path)
        if recorded is None:
            recorded = value_at(self.recorded_inputs, path)
        declared = value_at(self.wanted, path)
        if declared is None and not _touches(path, self.coded):
            # The provider fills in what the code leaves out: what it did, or would do now.
            declared = recorded if _touches(path, self.moved) else UNKNOWN
        sides = (declared, recorded, value_at(self.live, path))
        masked = [self.secrets.masked(side, path, self.masker) for side in sides]
        sensitive = any(flag for _, flag in masked) or self._repeats_secret(path)
        values = [self.masker.mask(side) for side in sides] if sensitive else list(sides)
        return Change(
            path=render_path(path),
            declared=values[0],
            recorded=values[1],
            live=values[2],
            origin=self._origin(path),
            sensitive=sensitive,
            forces_replacement=self._replaces(path),
        )

    def _repeats_secret(self, path: Steps) -> bool:
        """Whether an unwritten property holds the very text of a secret one, however short."""
        live = value_at(self.live, path)
        if not isinstance(live, str) or self._is_written(_top(path)):
            return False
        keys = self.live if isinstance(self.live, dict) else {}
        return any(keys[key] == live for key in keys if self.secrets.boundary((key,)))

    def _origin(self, path: Steps) -> Origin:
        moved = _touches(path, self.moved)
        if _touches(path, self.coded):
            return Origin.BOTH if moved else Origin.UNAPPLIED
        if moved or self._adopted():
            return Origin.OUT_OF_BAND
        return Origin.UNAPPLIED  # what the provider itself is told has changed

    def _adopted(self) -> bool:
        """Whether something is not as it was asked for, though nothing has moved since."""
        return any(
            self._is_written(key)
            and not same(value_at(self.wanted, (key,)), value_at(self.live, (key,)))
            for key in self._keys()
        )

    def _replaces(self, path: Steps) -> bool:
        told = {parse_property_path(one) for one, forces in self.answer.paths.items() if forces}
        told |= {parse_property_path(one) for one in self.answer.replacing}
        return _touches(path, told)


def _touches(path: Steps, places: Iterable[Steps]) -> bool:
    return any(overlap(path, one) for one in places)


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
    """Return the properties whose order is meant, where a provider does not say what differs."""
    if answer.verdict is Said.SAME or answer.properties or answer.paths:
        return set()
    recorded, live, wanted, asked = (dict(value) for value in values[:4])
    # What the engine compares by itself it compares in order.
    by_code = _tops(asked, wanted) - _tops(asked, wanted, is_set)
    moved = _tops(recorded, live, is_set)
    if answer.verdict is Said.UNKNOWN or moved & wanted.keys():
        return by_code
    # It sees a difference, and nothing that the program writes differs but in its order.
    return by_code | (_tops(recorded, live) - moved)


def _tops(before: Value, after: Value, is_set: IsSet = ordered) -> set[str]:
    return {_top(path) for path in changed_paths(before, after, is_set)}


def _bare(steps: Steps) -> Steps:
    return tuple("[]" if isinstance(step, int) else step for step in steps)


def _top(path: Steps) -> str:
    return str(path[0]) if path else ""


def _stated(wanted: Value, path: Steps) -> bool:
    return value_at(wanted, path) is not None


def _alike(one: Value, other: Value) -> bool:
    return (is_empty(one) and is_empty(other)) or same(one, other)


def _sorted(paths: Iterable[Steps]) -> list[Steps]:
    return sorted(paths, key=sort_key)
