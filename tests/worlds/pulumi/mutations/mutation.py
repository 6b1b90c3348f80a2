"""One change behind Pulumi's back: what it does, how it is undone, and what it must be found as."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal

from tests.worlds.mutations.mutation import Step
from tests.worlds.pulumi.world import PulumiWorld
from tests.worlds.world import World

Answer = Literal["drifted", "gone", "same"]
"""What one can say of a resource; `same` also where something moved that nobody would put back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutation:
    """A change made behind Pulumi's back, and its undoing.

    `resource` is a logical name. `paths` are the causes expected there (each covers what lies
    below it), `noise` what must be told as tolerated, `replaces` whether only another object
    would put it right.
    """

    name: str
    resource: str
    answer: Answer
    change: tuple[Step, ...]
    restore: tuple[Step, ...]
    paths: frozenset[str] = frozenset()
    noise: frozenset[str] = frozenset()
    replaces: bool = False

    def apply(self, world: PulumiWorld) -> None:
        """Change the world."""
        for step in self.change:
            step.send(world)

    def undo(self, world: PulumiWorld) -> None:
        """Put the world back as it was."""
        for step in self.restore:
            step.send(world)


@dataclass(frozen=True, slots=True)
class Edited:
    """Changes one thing of the file by `change`, which gets its fields."""

    thing: str
    change: Callable[[dict[str, Any]], object]

    def send(self, world: World) -> None:
        """Do it."""
        with things(world).things.changed() as content:
            (found,) = (one for one in content["objects"].values() if one["name"] == self.thing)
            self.change(found)


@dataclass(frozen=True, slots=True)
class Removed:
    """Takes one thing out of the file."""

    thing: str

    def send(self, world: World) -> None:
        """Do it."""
        with things(world).things.changed() as content:
            content["objects"] = {
                id_: one for id_, one in content["objects"].items() if one["name"] != self.thing
            }


@dataclass(frozen=True, slots=True)
class PutBack:
    """Makes one thing of the file what it was when it was brought up."""

    thing: str

    def send(self, world: World) -> None:
        """Do it."""
        with things(world).things.changed() as content:
            deployed = things(world).deployed["objects"].items()
            content["objects"] |= {id_: one for id_, one in deployed if one["name"] == self.thing}


def things(world: World) -> PulumiWorld:
    """Return the world as one that has things."""
    assert isinstance(world, PulumiWorld)
    return world


def drifted(
    resource: str, path: str, change: Step, restore: Step, *, what: str | None = None
) -> Mutation:
    """Describe the commonest mutation: one call, one path, one call to undo it."""
    return Mutation(
        name=f"{resource}: {what or path}",
        resource=resource,
        answer="drifted",
        paths=frozenset({path}),
        change=(change,),
        restore=(restore,),
    )


def gone(resource: str, change: Step, *restore: Step) -> Mutation:
    """Describe a deletion whose undoing brings back an object of the same identity."""
    return Mutation(
        name=f"{resource}: deleted",
        resource=resource,
        answer="gone",
        change=(change,),
        restore=restore,
    )


def tolerated(
    resource: str, path: str | None, change: Step, restore: Step, *, what: str
) -> Mutation:
    """Describe what moves something at `path`, if at all, and is no drift."""
    return Mutation(
        name=f"{resource}: {what}",
        resource=resource,
        answer="same",
        noise=frozenset({path} if path else ()),
        change=(change,),
        restore=(restore,),
    )


def rounds(mutations: Iterable[Mutation]) -> list[list[Mutation]]:
    """Split into rounds that may be in force together: no resource twice in one round."""
    grouped: defaultdict[int, list[Mutation]] = defaultdict(list)
    turns: defaultdict[str, int] = defaultdict(int)
    for mutation in mutations:
        grouped[turns[mutation.resource]].append(mutation)
        turns[mutation.resource] += 1
    return [grouped[turn] for turn in sorted(grouped)]
