"""One out-of-band change: what it does, how it is undone, and what a check must say about it."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.worlds.world import World

Kind = Literal["changed", "missing"]
_STEP = re.compile(r"[.\[]")


class Step(Protocol):
    """Something done to the world behind the tool's back."""

    def send(self, world: World) -> None:
        """Do it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change made behind the tool's back, and its undoing, as API calls.

    `paths` are the causes expected at `address`; an expected path covers everything below it
    (elements of a set have no lasting index). `also` names resources that deviate with it,
    `echoes` paths the provider plans along with the cause though nobody touched them.
    """

    name: str
    address: str
    change: tuple[Step, ...]
    restore: tuple[Step, ...]
    paths: frozenset[str] = frozenset()
    kind: Kind = "changed"
    stack: str = "mixed62"
    also: frozenset[str] = frozenset()
    echoes: frozenset[str] = frozenset()

    def apply(self, world: World) -> None:
        """Change the world."""
        for call in self.change:
            call.send(world)

    def undo(self, world: World) -> None:
        """Put the world back as it was."""
        for call in self.restore:
            call.send(world)


def changed(
    address: str, path: str, change: Step, restore: Step, *, name: str | None = None
) -> Mutation:
    """Describe the commonest mutation: one call, one path, one call to undo it."""
    return Mutation(
        name=name or f"{address} {path}",
        address=address,
        paths=frozenset({path}),
        change=(change,),
        restore=(restore,),
    )


def missing(address: str, change: Step, restore: Step) -> Mutation:
    """Describe a deletion whose undoing brings back an object of the same identity."""
    return Mutation(
        name=f"{address} deleted",
        address=address,
        kind="missing",
        change=(change,),
        restore=(restore,),
    )


def path_covers(expected: str, actual: str) -> bool:
    """Say whether `actual` is `expected` or lies below it: `ingress` covers `ingress[1].port`."""
    if not actual.startswith(expected):
        return False
    rest = actual[len(expected) :]
    return not rest or _STEP.match(rest) is not None


def paths_match(expected: Iterable[str], actual: Iterable[str]) -> bool:
    """Say whether every expected path is met and no actual path is unexpected.

    `tags_all` follows from `tags` and counts for nothing, unless it is expected itself.
    """
    wanted = set(expected)
    follows = not any(path_covers("tags_all", want) for want in wanted)
    got = {path for path in actual if not (follows and path_covers("tags_all", path))}
    every_met = all(any(path_covers(want, path) for path in got) for want in wanted)
    none_foreign = all(any(path_covers(want, path) for want in wanted) for path in got)
    return every_met and none_foreign


def rounds(mutations: Iterable[Mutation]) -> list[list[Mutation]]:
    """Split into rounds that may be in force together: no resource twice in one round."""
    seen: defaultdict[str, int] = defaultdict(int)
    grouped: defaultdict[int, list[Mutation]] = defaultdict(list)
    for mutation in mutations:
        touched = {mutation.address, *mutation.also}
        turn = max(seen[address] for address in touched)
        grouped[turn].append(mutation)
        for address in touched:
            seen[address] = turn + 1
    return [grouped[turn] for turn in sorted(grouped)]
