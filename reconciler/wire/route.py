"""One operation of the API as both sides name it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Generic, TypeVar
from urllib.parse import quote

if TYPE_CHECKING:
    from reconciler.wire.model import Body

A = TypeVar("A")
PREFIX: Final = "/api/v1"
HEARTBEAT_HEADER: Final = "Trueup-Heartbeat"
"""How many seconds a stream of events is silent at most, said when it opens."""


@dataclass(frozen=True, slots=True)
class Route(Generic[A]):
    """Where an operation is, what it takes and what it answers.

    `answer` and `body` return models; they are functions since a short command may not pay for
    making the models of routes that it does not call. A list is answered page by page; `answer`
    is the model of one item then.
    """

    method: str
    path: str
    answer: Callable[[], type[A]]
    body: Callable[[], type[Body]] | None = None
    paged: bool = False
    repeats: bool = True
    """Whether a lost answer of a POST is asked for again under the same key; not where the
    answer is given only once."""
    wait_s: float | None = None
    """How long an answer may take, where that is longer than usual."""

    def at(self, *names: str) -> str:
        """Return the path on the server, with `names` for what is in braces.

        Raises: as `below`.
        """
        return PREFIX + self.below(*names)

    def below(self, *names: str) -> str:
        """Return the path below the API's prefix, with `names` for what is in braces.

        Raises:
            ValueError: there are more or fewer `names` than braces.
        """
        steps = self.path.split("/")
        open_steps = [index for index, step in enumerate(steps) if step.startswith("{")]
        for index, name in zip(open_steps, names, strict=True):
            steps[index] = quote(name, safe="")
        return "/".join(steps)
