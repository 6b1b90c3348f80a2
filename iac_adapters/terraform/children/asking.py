"""One question about children, asked of a warm provider. Nothing here changes anything."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeVar

from iac_adapters.plugin_host.provider_errors import ProviderError
from iac_adapters.terraform.children.answers import says_absent
from iac_adapters.terraform.children.contents import Content, is_declared
from iac_adapters.terraform.children.question import Declared, Question
from iac_adapters.terraform.children.rule import ELEMENT, Listing, filled
from iac_adapters.terraform.messages import NULL, message
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.schema import Nesting, ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.values import decode, encode
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import Attributes, Value

DEADLINE_S: Final = 5.0
_MOST_CHILDREN: Final = 100

Answer = TypeVar("Answer")


class Ask(Protocol):
    """Asks the parent's provider, within the limits of its account."""

    async def __call__(self, question: Callable[[Provider], Awaitable[Answer]], /) -> Answer:
        """Return the answer."""
        ...


@dataclass(slots=True)
class Asking:
    """Asks one question. `calls` counts what it cost so far."""

    question: Question
    schema: ProviderSchema
    ask: Ask
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
            lister = await self._data(listing.source, listing.arguments)
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
        """Return the object that an import and a read of it find; None where there is none."""
        schema = self.schema.resource(type_name)
        if schema is None:
            raise PermanentError(f"this version of the provider has no {type_name}")
        try:
            self.calls += 2
            return await self.ask(
                lambda provider: self._read(provider, type_name, identity, schema)
            )
        except ProviderError as error:
            if says_absent(error):
                return None
            raise

    async def _read(
        self, provider: Provider, type_name: str, identity: str, schema: ResourceSchema
    ) -> Attributes | None:
        imported = await provider.import_state(type_name, identity, timeout_s=self.deadline_s)
        own = next((one for one in imported if one.type_name == type_name), None)
        if own is None or own.state == NULL:
            return None
        answer = await provider.read(
            type_name, own.state, own.private, provider_meta=None, timeout_s=self.deadline_s
        )
        return decode(answer.state, schema)

    async def _data(self, source: str, arguments: Mapping[str, Value]) -> Attributes | None:
        """Return what a data source answers; None where it finds nothing."""
        schema = self.schema.data_source(source)
        if schema is None:
            raise PermanentError(f"this version of the provider has no data source {source}")
        request = message("ReadDataRequest")(type_name=source)
        asked = filled(dict(arguments), self.question.values)
        assert isinstance(asked, dict)  # noqa: S101 - it was one
        request.config.msgpack = encode({**_empty(schema), **asked}, schema)
        self.calls += 1
        try:
            state = await self.ask(
                lambda provider: provider.read_data(
                    request.SerializeToString(), timeout_s=self.deadline_s
                )
            )
        except ProviderError as error:
            if says_absent(error):
                return None
            raise
        return decode(state, schema)


def _empty(schema: ResourceSchema) -> Attributes:
    """Return a configuration that says nothing."""
    block = schema.block
    values: Attributes = dict.fromkeys(block.attributes)
    for name, nested in block.blocks.items():
        match nested.nesting:
            case Nesting.LIST | Nesting.SET:
                values[name] = []
            case Nesting.MAP:
                values[name] = {}
            case _:
                values[name] = None
    return values


def _elements(lister: Attributes | None, listing: Listing) -> list[tuple[str, Value]]:
    held = (lister or {}).get(listing.attribute)
    items = held if isinstance(held, list) else [held] if isinstance(held, str) and held else []
    found = [(_element(item, listing), item) for item in items]
    return sorted(((name, item) for name, item in found if name), key=lambda pair: pair[0])


def _element(item: Value, listing: Listing) -> str:
    if isinstance(item, dict):
        return " ".join(str(item.get(name) or "") for name in listing.key)
    return item if isinstance(item, str) else ""
