"""Which child is to be destroyed, and by what identity it is imported for that. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from iac_adapters.children.question import Question
from iac_adapters.children.rule import ELEMENT, filled
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import ResourceAddress

BY_HAND: Final = "remove it by hand, or accept it: trueup accept FINDING --reason WHY"


@dataclass(frozen=True, slots=True)
class Removal:
    """One child to be destroyed: the question that found it, and which of the found ones it is."""

    address: ResourceAddress
    question: Question
    element: str

    @property
    def type(self) -> str:
        """The child's type."""
        return self.question.rule.child

    @property
    def identity(self) -> str:
        """What the child is imported by.

        Raises:
            PermanentError: destroying its type by the tool would not take it away.
        """
        template = self.question.rule.removal_id
        if template is None:
            raise PermanentError(
                f"{self.address}: destroying a {self.type} does not take it away", remedy=BY_HAND
            )
        return str(filled(template, {**self.question.values, ELEMENT: self.element}))


def removals_of(
    addresses: Sequence[ResourceAddress], questions: Sequence[Question]
) -> tuple[Removal, ...]:
    """Return how each of `addresses` is found, in their order.

    Raises:
        PermanentError: one of them is no child of the stack any more.
    """
    return tuple(_removal(address, questions) for address in sorted(addresses))


def _removal(address: ResourceAddress, questions: Sequence[Question]) -> Removal:
    for question in questions:
        if question.concerns(address):
            rest = address[len(question.key) :]
            return Removal(address, question, orjson.loads(rest[1:-1]) if rest else "")
    raise PermanentError(
        f"{address}: the code declares it by now, its parent is gone, or code of that type"
        " waits for its apply",
        remedy="scan the stack again",
    )
