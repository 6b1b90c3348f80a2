"""What most resources have in common: lists that page, reading one, making and removing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final, Generic, TypeVar

from reconciler.client.calls import Calls
from reconciler.client.exchange import Query
from reconciler.wire.decoding import decode
from reconciler.wire.model import Body, encode

A = TypeVar("A")
B = TypeVar("B", bound=Body)
LARGEST_PAGE: Final = 500


@dataclass(frozen=True, slots=True)
class Page(Generic[A]):
    """One page of a list; `next` continues it, None ends it."""

    items: tuple[A, ...]
    next: str | None


class Collection(Generic[A]):
    """The things of the class `answer` that stand at `path`."""

    def __init__(self, calls: Calls, *path: str, answer: type[A]) -> None:
        self._calls = calls
        self._path = path
        self._answer = answer

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
        body = await self._calls.get(*self._path, query=query)
        return Page(tuple(decode(self._answer, item) for item in body["items"]), body["next"])

    async def get(self, name: str) -> A:
        """Return one, by its id or name."""
        return decode(self._answer, await self._calls.get(*self._path, name))

    async def _do(
        self, name: str, verb: str, body: Body | None = None, *, key: str | None = None
    ) -> A:
        sent = None if body is None else body.as_json()
        done = await self._calls.post(*self._path, name, verb, body=sent, key=key)
        return decode(self._answer, done)


class Kept(Collection[A], Generic[A, B]):
    """Things that people make by a body of the class `B`."""

    async def create(self, body: B, *, key: str | None = None) -> A:
        """Make one, once; the same `key` with the same body gives the same answer again."""
        made = await self._calls.post(*self._path, body=_sent(body), key=key)
        return decode(self._answer, made)

    async def replace(self, name: str, body: B) -> A:
        """Make one say what `body` says."""
        return decode(self._answer, await self._calls.put(*self._path, name, body=_sent(body)))

    async def remove(self, name: str) -> None:
        """Remove one."""
        await self._calls.delete(*self._path, name)


def _sent(body: Body) -> Any:
    # Of None the daemon knows itself; an older one may not know the key.
    return {name: value for name, value in encode(body).items() if value is not None}
