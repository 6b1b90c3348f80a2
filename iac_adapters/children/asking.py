"""One question about children, asked of a warm provider. Nothing here changes anything."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from iac_adapters.children.contents import Content, is_declared
from iac_adapters.children.managed import ChildReads
from iac_adapters.children.question import Declared, Question
from iac_adapters.children.rule import ELEMENT, Listing, filled
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import Attributes, Value

DEADLINE_S: Final = 5.0
_MOST_CHILDREN: Final = 100


@dataclass(slots=True)
class Asking:
    """Asks one question. `calls` counts what it cost so far."""

    question: Question
    reads: ChildReads
    declared: Declared
    deadline_s: float = DEADLINE_S
    calls: int = field(default=0, init=False)

    async def contents(self) -> dict[str, Content]:
        """Return the children that are there, declared ones left out where they are listed.

        Raises:
            ReconcilerError: it cannot be told.
        """
        question, rule = self.question, self.question.rule
        if question.proof is not None and await self._imported(rule.child, question.proof) is None:
            raise PermanentError("the declared one of its type is not found by its import id")
        if rule.listing is not None:
            return await self._listed(rule.listing)
        found = await self._imported(rule.child, str(filled(rule.id, question.values)))
        if found is None:
            return {}
        return {"": {name: found.get(name) for name in rule.counts}}

    async def _listed(self, listing: Listing) -> dict[str, Content]:
        if listing.arguments is not None:
            arguments = filled(dict(listing.arguments), self.question.values)
            assert isinstance(arguments, dict)  # noqa: S101 - it was one
            self.calls += 1
            lister = await self.reads.data(listing.source, arguments, timeout_s=self.deadline_s)
        else:
            identity = str(filled(listing.id, self.question.values))
            lister = await self._imported(listing.source, identity)
        contents: dict[str, Content] = {}
        for element, item in _elements(lister, listing):
            if is_declared(self.question, element, self.declared):
                continue
            if len(contents) >= _MOST_CHILDREN:
                raise PermanentError(f"it has more than {_MOST_CHILDREN} that nobody declared")
            content = await self._content(element, item)
            if content is not None:
                contents[element] = content
        return contents

    async def _content(self, element: str, item: Value) -> Content | None:
        rule = self.question.rule
        values = {**self.question.values, ELEMENT: element}
        if rule.id:
            found = await self._imported(rule.child, str(filled(rule.id, values)))
            return None if found is None else {name: found.get(name) for name in rule.counts}
        if rule.counts and isinstance(item, dict):
            return {name: item.get(name) for name in rule.counts}
        shows = rule.shows or {"id": f"{{{ELEMENT}}}"}
        return {name: filled(template, values) for name, template in shows.items()}

    async def _imported(self, type_name: str, identity: str) -> Attributes | None:
        self.calls += 2
        return await self.reads.imported(type_name, identity, timeout_s=self.deadline_s)


def _elements(lister: Attributes | None, listing: Listing) -> list[tuple[str, Value]]:
    held = (lister or {}).get(listing.attribute)
    items = held if isinstance(held, list) else [held] if isinstance(held, str) and held else []
    found = [(_element(item, listing), item) for item in items]
    return sorted(((name, item) for name, item in found if name), key=lambda pair: pair[0])


def _element(item: Value, listing: Listing) -> str:
    if isinstance(item, dict):
        return " ".join(str(item.get(name) or "") for name in listing.key)
    return item if isinstance(item, str) else ""
