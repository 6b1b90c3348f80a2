"""The daemon's API as calls: bodies in, bodies out, every refusal an error with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Final, Self, TypeVar

from reconciler.cli.client.endpoint import Daemon
from reconciler.cli.client.problems import problem_error
from reconciler.client.errors import RefusedError, SilentError
from reconciler.client.exchange import USUAL_WAIT_S, new_key
from reconciler.domain.errors import InvalidError, NotFoundError
from reconciler.domain.values import Json

T = TypeVar("T")
LARGEST_PAGE: Final = 500


class Api:
    """One conversation with one daemon; close it, or use it as a context."""

    def __init__(self, daemon: Daemon, *, patience_s: float = USUAL_WAIT_S) -> None:
        # Only what really asks a daemon pays for it.
        from reconciler.client.blocking import BlockingCalls  # noqa: PLC0415

        self._daemon = daemon
        self._http = BlockingCalls(daemon, wait_s=patience_s)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._http.close()

    @property
    def url(self) -> str:
        """Where the daemon is."""
        return self._daemon.url

    def get(self, *path: str, **query: str | int | None) -> Json:
        """Return what stands at `path`; parts of `query` that are None are not asked.

        Raises:
            ReconcilerError: a refusal, or no answer; as for every call here.
        """
        return self._asked(lambda: self._http.ask("GET", path, query=query))

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
        return self._asked(lambda: self._http.post(path, body=body, wait_s=wait_s, again=again))

    def put(self, *path: str, body: Json) -> Json:
        """Make what stands at `path` be `body`."""
        return self._asked(lambda: self._http.ask("PUT", path, body=body))

    def send(self, method: str, *path: str, content: bytes, media_type: str) -> Json:
        """Post or put a document as it is; the daemon reads and checks it."""
        key = new_key() if method == "POST" else None
        return self._asked(
            lambda: self._http.ask(method, path, document=(content, media_type), key=key)
        )

    def delete(self, *path: str, **query: str | None) -> Json:
        """Remove what stands at `path`."""
        return self._asked(lambda: self._http.ask("DELETE", path, query=query))

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
        stream = self._http.stream(path, query=query, quiet_s=quiet_s)
        lines = self._asked(stream.__enter__)
        try:
            yield _until_quiet(lines)
        finally:
            stream.__exit__(None, None, None)

    def _asked(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except RefusedError as error:
            origin = self._daemon.token_origin
            raise problem_error(error.status, error.body, origin=origin) from error


def _until_quiet(lines: Iterator[str]) -> Iterator[str]:
    try:
        yield from lines
    except SilentError:
        return
