"""What of a resource's values belongs to declared resources beside it. Pure.

A rule that is a resource of its own shows in its security group too. Whatever it holds there is
judged with the rule; what is left belongs to nobody who is declared.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.domain.undeclared_leaves import is_zero, leaf, leaves, names_something
from reconciler.domain.values import Value
from reconciler.domain.witness import Facts, Witness

_IDENTITIES: Final = ("id", "arn", "name", "self_link")
_SHORTEST: Final = 3
_SAME_STEM: Final = 5


@dataclass(frozen=True, slots=True)
class Child:
    """One recorded resource that refers to a parent: its type, and its values in each tree."""

    type: str
    facts: Facts
    is_part: bool
    """Whether one of its own attributes is the parent's identity: it is set on the parent."""
    held: tuple[Counter[Hashable], ...]
    names: frozenset[str]
    """What others name it by."""
    on_itself: bool
    """Whether it names the parent twice, as a rule does that admits its own group."""

    def holds(self, values: Iterable[Value]) -> bool:
        """Whether one of its trees holds every one of `values` that says something."""
        wanted = {leaf(value) for value in values if not is_zero(value)}
        return any(wanted <= held.keys() for held in self.held)


def identities(tree: Value) -> frozenset[str]:
    """Return what others name a resource by."""
    if not isinstance(tree, dict):
        return frozenset()
    found = {tree.get(name) for name in _IDENTITIES}
    return frozenset(value for value in found if isinstance(value, str) and len(value) >= _SHORTEST)


def child_of(names: frozenset[str], witness: Witness) -> Child | None:
    """Return the resource of `witness` as a child of what is named `names`, if it refers there."""
    if not any(witness.mentions(name) for name in names):
        return None
    trees = [tree for tree in (witness.recorded(), witness.live()) if isinstance(tree, dict)]
    held = tuple(Counter(leaves(tree)) for tree in trees)
    named = {leaf(name) for name in names}
    if not any(named & counter.keys() for counter in held):
        return None
    return Child(
        type=witness.type,
        facts=witness.facts,
        is_part=any(isinstance(v, str) and v in names for tree in trees for v in tree.values()),
        held=held,
        names=frozenset().union(*map(identities, trees)),
        on_itself=any(sum(counter[value] for value in named) > 1 for counter in held),
    )


def without_children(
    tree: Value, children: Sequence[Child], *, type_name: str, facts: Facts
) -> Value:
    """Return `tree` without what declared children own or hold."""
    if not isinstance(tree, dict) or not children:
        return tree
    return {
        name: value
        if name in _IDENTITIES
        else _left(value, children, is_block=facts.is_block((name,)))
        for name, value in tree.items()
        if name in _IDENTITIES or not _is_owned(name, value, type_name, children)
    }


def _is_owned(name: str, value: Value, type_name: str, children: Sequence[Child]) -> bool:
    """Whether a child is about this attribute: `aws_s3_bucket_versioning` about `versioning`."""
    for child in children:
        if not child.is_part or not child.type.startswith(f"{type_name}_"):
            continue
        if _same_stem(child.type.removeprefix(f"{type_name}_"), name):
            return True
        if _holds_objects(value) and child.facts.has_block(name):
            return True
    return False


def _same_stem(suffix: str, name: str) -> bool:
    """Whether both begin with one word: `acceleration_status`, `accelerate_configuration`."""
    left, right = suffix.partition("_")[0], name.partition("_")[0]
    if left == right:
        return True
    shared = min(len(left), len(right))
    alike = next((at for at in range(shared) if left[at] != right[at]), shared)
    return alike >= _SAME_STEM


def _holds_objects(value: Value) -> bool:
    return isinstance(value, list) and any(isinstance(item, dict) for item in value)


def _left(value: Value, children: Sequence[Child], *, is_block: bool) -> Value:
    if isinstance(value, list):
        left = [_element_left(item, children) for item in value]
        return [item for item in left if item is not None]
    if is_block or isinstance(value, dict):
        return value
    return None if _is_held(value, children) else value


def _element_left(item: Value, children: Sequence[Child]) -> Value:
    if not isinstance(item, dict):
        return None if _is_held(item, children) else item
    sources = {name: value for name, value in item.items() if _is_source(value)}
    shared = [value for name, value in item.items() if name not in sources]
    if not sources:
        return None if _are_held(leaf_values(shared), children) else item
    kept = {name: _sources_left(sources[name], shared, children) for name in sources}
    if all(map(is_zero, kept.values())):
        return None
    return {**item, **kept}


def _is_source(value: Value) -> bool:
    """Whether an element was put together from several here: `cidr_blocks`, `self`."""
    if value is True:
        return True
    plain = isinstance(value, list) and not _holds_objects(value)
    return plain and not is_zero(value)


def _sources_left(value: Value, shared: Sequence[Value], children: Sequence[Child]) -> Value:
    others = leaf_values(shared)
    if value is True:
        held = any(
            (child.on_itself or child.holds([True])) and child.holds(others) for child in children
        )
        return not held
    assert isinstance(value, list)  # noqa: S101 - `_is_source` has said so
    return [
        item
        for item in value
        if not (names_something(item) or _is_named(item, children))
        or not any(child.holds([*others, item]) for child in children)
    ]


def leaf_values(values: Iterable[Value]) -> list[Value]:
    """Return the plain values below `values`."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, dict):
            found += leaf_values(value.values())
        elif isinstance(value, list):
            found += leaf_values(value)
        else:
            found.append(value)
    return found


def _is_held(value: Value, children: Sequence[Child]) -> bool:
    return _are_held([value], children)


def _are_held(values: Sequence[Value], children: Sequence[Child]) -> bool:
    """Whether one child holds them all, and they are no mere words and numbers."""
    if not any(names_something(value) or _is_named(value, children) for value in values):
        return False
    return any(child.holds(values) for child in children)


def _is_named(value: Value, children: Sequence[Child]) -> bool:
    """Whether `value` is a child's own name."""
    return isinstance(value, str) and any(value in child.names for child in children)
