"""Which changes of one resource no plan would act on, and yet somebody made. Pure.

The rule, its reasons and what it was measured on are in `docs/undeclared.md`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Final

from reconciler.domain.compare import IsSet, align, aligned_paths, value_at
from reconciler.domain.model import Change, Origin
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.undeclared_children import Child, without_children
from reconciler.domain.undeclared_leaves import alike, slim
from reconciler.domain.undeclared_names import moves_by_itself, names_itself
from reconciler.domain.values import Sensitive, Value
from reconciler.domain.witness import Facts, Witness

_INDEX: Final = re.compile(r"\[\d+\]")


@dataclass(frozen=True, slots=True, repr=False)
class Comparison:
    """One resource, and what it is held against.

    `touched` are the paths that a plan would act on. `children` are the declared resources
    that refer to it. `key` keys the digests of secrets.
    """

    witness: Witness
    baseline: Value
    children: Sequence[Child] = ()
    touched: Collection[str] = ()
    key: bytes = field(default=b"")


def undeclared_changes(comparison: Comparison) -> tuple[Change, ...]:
    """Return what differs from the baseline, says something, and is nobody's who is declared.

    Equal worlds give equal changes, however sets were listed.
    """
    sides = _sides(comparison)
    found = [path for path in sides.paths() if _is_reported(path, sides, comparison)]
    return tuple(
        _change(path, sides) for path in found if not _repeats_a_settable(path, found, sides)
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Sides:
    before: Value
    live: Value
    config: Value
    facts: Facts
    touched: frozenset[str]

    def paths(self) -> tuple[Steps, ...]:
        return aligned_paths(self.before, self.live, self.facts.is_set)

    def pair(self, path: Steps) -> tuple[Value, Value]:
        return value_at(self.before, path), value_at(self.live, path)


def _sides(comparison: Comparison) -> _Sides:
    witness = comparison.witness
    facts, children = witness.facts, comparison.children
    before, live = (
        without_children(slim(tree), children, type_name=witness.type, facts=facts)
        for tree in (comparison.baseline, witness.live())
    )
    trees = (_with_lists_of(before, live), _with_lists_of(live, before), witness.configured())
    before, live, config = align(trees, facts.is_set)
    touched = frozenset(_INDEX.sub("", path) for path in comparison.touched)
    return _Sides(before, live, config, facts, touched)


def _with_lists_of(tree: Value, other: Value) -> Value:
    """Return `tree` with an empty list where only `other` has one: elements are told one by one."""
    if not isinstance(tree, dict) or not isinstance(other, dict):
        return tree
    empty: dict[str, Value] = {
        name: [] for name, value in other.items() if isinstance(value, list) and name not in tree
    }
    return {**empty, **tree}


def _is_reported(path: Steps, sides: _Sides, comparison: Comparison) -> bool:
    before, live = sides.pair(path)
    witness = comparison.witness
    if alike(before, live, key=comparison.key, is_set=_below(sides.facts, path)):
        return False
    if _is_touched(path, sides) or witness.is_ignored(path) or _is_declared(path, sides):
        return False
    if _repeats_a_declared(path, sides, witness):
        return False
    if sides.facts.is_settable(path):
        return True
    name = _name(path)
    return not moves_by_itself(name) and not names_itself(name, witness.type)


def _is_touched(path: Steps, sides: _Sides) -> bool:
    place = _INDEX.sub("", render_path(path))
    return any(_meets(place, other) for other in sides.touched)


def _meets(left: str, right: str) -> bool:
    short, long = sorted((left, right), key=len)
    return long == short or long.startswith((f"{short}.", f"{short}["))


def _is_declared(path: Steps, sides: _Sides) -> bool:
    """Whether the code says what stands there, or around it: then the plan has judged it.

    A block says only what is in it; another block beside it is not declared.
    """
    for depth in range(1, len(path) + 1):
        if not sides.facts.is_block(path[:depth]):
            return value_at(sides.config, path[:depth]) is not None
    return value_at(sides.config, path) is not None


def _repeats_a_declared(path: Steps, sides: _Sides, witness: Witness) -> bool:
    """Whether an attribute that the plan or the code answers for moved in the same way.

    Providers write `tags` into `tags_all`: where changes of the one are ignored, so are those
    of the other.
    """
    names = sides.live if isinstance(sides.live, dict) else ()
    others = [(name, *path[1:]) for name in names if name != path[0]]
    return any(
        witness.is_ignored(other) or _is_touched(other, sides) or _is_declared(other, sides)
        for other in others
        if sides.pair(other) == sides.pair(path)
    )


def _repeats_a_settable(path: Steps, found: Sequence[Steps], sides: _Sides) -> bool:
    """Whether the provider only computes there what another reported place says."""
    if sides.facts.is_settable(path):
        return False
    return any(
        other != path and sides.facts.is_settable(other) and sides.pair(other) == sides.pair(path)
        for other in found
    )


def _name(path: Steps) -> str:
    return next((step for step in reversed(path) if isinstance(step, str)), "")


def _below(facts: Facts, path: Steps) -> IsSet:
    return lambda steps: facts.is_set(path + steps)


def _change(path: Steps, sides: _Sides) -> Change:
    before, live = sides.pair(path)
    return Change(
        path=render_path(path),
        declared=None,
        recorded=before,
        live=live,
        origin=Origin.UNDECLARED,
        sensitive=isinstance(before, Sensitive) or isinstance(live, Sensitive),
    )
