"""What most resources have in common: lists that page, reading one, making and removing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from reconciler.client.calls import Calls
from reconciler.client.exchange import Query
from reconciler.wire.decoding import decode
from reconciler.wire.model import Body, encode
from reconciler.wire.route import Route

A = TypeVar("A")
T = TypeVar("T")
B = TypeVar("B", bound=Body)
LARGEST_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[A]):
    """One page of a list; `next` continues it, None ends it."""

    items: tuple[A, ...]
    next: str | None


class Collection(Generic[A]):
    """The things that `listing` lists."""

    def __init__(self, calls: Calls, listing: Route[A], *names: str) -> None:
        self._calls = calls
        self._listing = listing
        self._names = names

    async def page(
        self, *, cursor: str | None = None, limit: int = LARGEST_PAGE, **query: str | int | None
    ) -> Page[A]:
        """Return one page; its `next` is the cursor that continues it."""
        return await self._page({**query, "cursor": cursor, "limit": limit})

    async def each(self, **query: str | int | None) -> AsyncIterator[A]:
        """Yield the whole list, asking for pages as they are needed."""
        cursor: str | None = None
        while True:
            page = await self._page({**query, "cursor": cursor, "limit": LARGEST_PAGE})
            for item in page.items:
                yield item
            cursor = page.next
            if cursor is None:
                return

    async def _page(self, query: Query) -> Page[A]:
        body = await self._calls.ask(self._listing, *self._names, query=query)
        answer = self._listing.answer()
        return Page(tuple(decode(answer, item) for item in body["items"]), body["next"])

    async def _ask(
        self, route: Route[T], *names: str, body: Body | None = None, key: str | None = None
    ) -> T:
        sent = None if body is None else body.as_json()
        answered = await self._calls.ask(route, *names, body=sent, key=key)
        return decode(route.answer(), answered)


class Single(Collection[A], Generic[A]):
    """Things of which one can be read by its id or name."""

    def __init__(self, calls: Calls, listing: Route[A], reading: Route[A]) -> None:
        super().__init__(calls, listing)
        self._reading = reading

    async def get(self, name: str) -> A:
        """Return one, by its id or name."""
        return await self._ask(self._reading, name)


@dataclass(frozen=True, slots=True)
class Keeping(Generic[A]):
    """The routes of things that people make, change and remove."""

    listing: Route[A]
    reading: Route[A]
    creating: Route[A]
    replacing: Route[A]
    removing: Route[None]


class Kept(Single[A], Generic[A, B]):
    """Things that people make by a body of the class `B`."""

    def __init__(self, calls: Calls, routes: Keeping[A]) -> None:
        super().__init__(calls, routes.listing, routes.reading)
        self._routes = routes

    async def create(self, body: B, *, key: str | None = None) -> A:
        """Make one, once; the same `key` with the same body gives the same answer again."""
        route = self._routes.creating
        return decode(route.answer(), await self._calls.ask(route, body=_sent(body), key=key))

    async def replace(self, name: str, body: B) -> A:
        """Make one say what `body` says."""
        route = self._routes.replacing
        return decode(route.answer(), await self._calls.ask(route, name, body=_sent(body)))

    async def remove(self, name: str) -> None:
        """Remove one."""
        await self._calls.ask(self._routes.removing, name)


def _sent(body: Body) -> Any:
    # Of None the daemon knows itself; an older one may not know the key.
    return {name: value for name, value in encode(body).items() if value is not None}
