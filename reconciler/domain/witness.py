"""What one read of a resource saw, in the form that a comparison with a baseline needs.

An adapter hands it out beside its verdict. Trees are made when somebody asks for them: most
objects are as they were, and their marks say so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from reconciler.domain.paths import Steps
from reconciler.domain.values import Value

if TYPE_CHECKING:  # the model holds witnesses
    from reconciler.domain.model import Change


class Facts(Protocol):
    """What a type's schema says of places in its values."""

    def is_set(self, steps: Steps) -> bool:
        """Whether a list stands there whose order means nothing."""
        ...

    def is_settable(self, steps: Steps) -> bool:
        """Whether code may decide what stands there: it is optional, required or in a block."""
        ...

    def is_block(self, steps: Steps) -> bool:
        """Whether a block stands there: what code says of one part of it binds no other."""
        ...

    def has_block(self, name: str) -> bool:
        """Whether blocks or objects of that name stand anywhere in the type."""
        ...


class Witness(Protocol):
    """One object as recorded, as declared and as it is. No secret is in any of its trees."""

    @property
    def type(self) -> str:
        """The resource's type."""
        ...

    @property
    def mark(self) -> str:
        """A keyed digest of what was read: equal marks of one object mean equal values."""
        ...

    @property
    def recorded_mark(self) -> str:
        """The same of what the state records."""
        ...

    @property
    def facts(self) -> Facts:
        """What its schema says."""
        ...

    def recorded(self) -> Value:
        """Return what the state records."""
        ...

    def live(self) -> Value:
        """Return what was read."""
        ...

    def configured(self) -> Value:
        """Return what the code declares; null where it says nothing."""
        ...

    def chosen(self) -> Mapping[Steps, Value]:
        """Return by place what an apply chose and no kept baseline holds: "known after apply"."""
        ...

    def forget_chosen(self) -> None:
        """Take note that the kept baseline holds what `chosen` returns."""
        ...

    def is_ignored(self, steps: Steps) -> bool:
        """Whether the code asks to ignore changes there."""
        ...

    def beside(self) -> Mapping[str, Witness]:
        """Return every other resource of the stack as it is recorded, by address."""
        ...

    def mentions(self, text: str) -> bool:
        """Whether `text` may stand in what is recorded or was read; a guess may say yes."""
        ...

    def children_behind(self, changes: Sequence[Change]) -> tuple[tuple[str, str], ...]:
        """Return type and name of each child that was added, where `changes` are all they did.

        Destroying them undoes `changes`. Empty where that is not so, or nothing tells.
        """
        ...

    def undone_by_hand(self, changes: Sequence[Change]) -> tuple[str, ...]:
        """Return the commands that undo `changes` where no plan does; empty where none is known."""
        ...
