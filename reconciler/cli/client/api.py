"""The daemon's API as calls: bodies in, bodies out, every refusal an error with a remedy."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Coroutine, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Any, Final, Self, TypeVar

from reconciler.cli.client.endpoint import Daemon
from reconciler.cli.client.problems import problem_error
from reconciler.client.errors import RefusedError, SilentError
from reconciler.domain.errors import InvalidError, NotFoundError
from reconciler.domain.records import Json

T = TypeVar("T")
LARGEST_PAGE: Final = 500
USUAL_WAIT_S: Final = 30.0
PLAN_WAIT_S: Final = 1800.0


def _load_httpx() -> None:
    """Import httpx without the command line it brings, for which it loads rich and pygments.

    That is nearly half of its import time, which every short command would pay.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import httpx  # noqa: F401, PLC0415 - only what really asks a daemon pays for it


class Api:
    """One conversation with one daemon; close it, or use it as a context."""

    def __init__(self, daemon: Daemon, *, patience_s: float = USUAL_WAIT_S) -> None:
        # Only what really asks a daemon pays for the loop and the HTTP library.
        import asyncio  # noqa: PLC0415

        _load_httpx()
        from reconciler.client.calls import Calls  # noqa: PLC0415

        self._daemon = daemon
        self._runner = asyncio.Runner()
        self._calls = Calls(daemon, wait_s=patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with self._runner as runner:
            runner.run(self._calls.close())

    @property
    def url(self) -> str:
        """Where the daemon is."""
        return self._daemon.url

    def get(self, *path: str, **query: str | int | None) -> Json:
        """Return what stands at `path`; parts of `query` that are None are not asked.

        Raises:
            ReconcilerError: a refusal, or no answer; as for every call here.
        """
        return self._asked(self._calls.get(*path, query=query))

    def find(self, *path: str) -> Json | None:
        """Return what stands at `path`, or None when nothing does."""
        if not all(path):
            return None
        try:
            return self.get(*path)
        except (NotFoundError, InvalidError):
            return None

    def post(
        self, *path: str, body: Json | None = None, wait_s: float = USUAL_WAIT_S, again: bool = True
    ) -> Json:
        """Do what `path` names, once: a lost answer is asked for again under the same key.

        With `again` False it is not, since the answer is given only once.
        """
        return self._asked(self._calls.post(*path, body=body, wait_s=wait_s, again=again))

    def put(self, *path: str, body: Json) -> Json:
        """Make what stands at `path` be `body`."""
        return self._asked(self._calls.put(*path, body=body))

    def send(self, method: str, *path: str, content: bytes, media_type: str) -> Json:
        """Post or put a document as it is; the daemon reads and checks it."""
        return self._asked(self._calls.send(method, *path, content=content, media_type=media_type))

    def delete(self, *path: str) -> Json:
        """Remove what stands at `path`."""
        return self._asked(self._calls.delete(*path))

    def listed(self, *path: str, limit: int = 0, **query: str | int | None) -> Json:
        """Return a list's first `limit` items (all when 0), as one body with its `next`."""
        items: list[Json] = []
        cursor: str | None = None
        while True:
            size = min(LARGEST_PAGE, limit - len(items)) if limit else LARGEST_PAGE
            page = self.get(*path, **query, limit=size, cursor=cursor)
            items += page["items"]
            cursor = page.get("next")
            if not cursor or (limit and len(items) >= limit):
                return {"items": items, "next": cursor}

    def each(self, *path: str, **query: str | int | None) -> Iterator[Json]:
        """Yield a whole list, asking for pages as they are needed."""
        cursor: str | None = None
        while True:
            page = self.get(*path, **query, limit=LARGEST_PAGE, cursor=cursor)
            yield from page["items"]
            cursor = page.get("next")
            if not cursor:
                return

    @contextmanager
    def lines(self, *path: str, quiet_s: float, **query: str) -> Iterator[Iterator[str]]:
        """Open a stream and give its lines; they end when nothing came for `quiet_s`."""
        stream = self._calls.stream(*path, query=query, headers={}, quiet_s=quiet_s)
        lines = self._asked(stream.__aenter__())
        try:
            yield self._until_quiet(lines)
        finally:
            self._asked(stream.__aexit__(None, None, None))

    def _until_quiet(self, lines: AsyncIterator[str]) -> Iterator[str]:
        while True:
            try:
                line = self._asked(_next(lines))
            except SilentError:
                return
            if line is None:
                return
            yield line

    def _asked(self, call: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(call)
        except RefusedError as error:
            origin = self._daemon.token_origin
            raise problem_error(error.status, error.body, origin=origin) from error


async def _next(lines: AsyncIterator[str]) -> str | None:
    return await anext(lines, None)
