"""The daemon's API as calls: wire models out, every refusal an error with a remedy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, is_dataclass
from functools import cached_property
from types import TracebackType
from typing import Any, Final, Generic, Self, TypeVar

from reconciler.cli.client.endpoint import Daemon
from reconciler.cli.client.problems import problem_error
from reconciler.cli.paint import safe
from reconciler.client.errors import RefusedError, SilentError
from reconciler.client.exchange import USUAL_WAIT_S, Document, Query
from reconciler.domain.errors import InvalidError, NotFoundError, ReconcilerError
from reconciler.domain.values import Json
from reconciler.version import __version__
from reconciler.wire import routes
from reconciler.wire.decoding import decode_kept
from reconciler.wire.model import Wire, encode, names_of
from reconciler.wire.route import Route

T = TypeVar("T")
LARGEST_PAGE: Final = 500


@dataclass(frozen=True)
class Listed(Generic[T]):
    """The first items of a list, as they were answered; `next` continues it, None ends it."""

    model: type[T]
    bodies: list[Json]
    next: str | None

    @cached_property
    def items(self) -> list[T]:
        """The items; a program that reads the bodies does not pay for them."""
        return [decode_kept(self.model, body) for body in self.bodies]

    def received(self) -> Json:
        """Return the list as one answer of the daemon."""
        return {"items": self.bodies, "next": self.next}


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

    def ask(
        self,
        route: Route[T],
        *names: str,
        body: Json | None = None,
        document: Document | None = None,
        **query: str | int | None,
    ) -> T:
        """Return what `route` answers, for the things called `names`.

        Parts of `query` that are None are not asked. What a POST does is done once, though its
        answer be lost.

        Raises:
            ReconcilerError: a refusal, or another answer than the route's; as for every call here.
        """
        answer = self._asked(
            lambda: self._http.ask(route, *names, query=query, body=body, document=document)
        )
        return decode_kept(route.answer(), answer)

    def do(self, route: Route[None], *names: str, **query: str | None) -> None:
        """Do what `route` does to the things called `names`; it has no answer."""
        self._asked(lambda: self._http.ask(route, *names, query=query))

    def find(self, route: Route[T], *names: str) -> T | None:
        """Return what `route` answers, or None when nothing has that name."""
        if not all(names):
            return None
        try:
            return self.ask(route, *names)
        except (NotFoundError, InvalidError):
            return None

    def listed(
        self, route: Route[T], *names: str, limit: int = 0, **query: str | int | None
    ) -> Listed[T]:
        """Return a list's first `limit` items (all when 0), and what continues it."""
        bodies: list[Json] = []
        cursor: str | None = None
        while True:
            size = min(LARGEST_PAGE, limit - len(bodies)) if limit else LARGEST_PAGE
            page = self._page(route, names, {**query, "limit": size, "cursor": cursor})
            bodies += page["items"]
            cursor = page.get("next")
            if not cursor or (limit and len(bodies) >= limit):
                return Listed(route.answer(), bodies, cursor)

    def each(self, route: Route[T], *names: str, **query: str | int | None) -> Iterator[T]:
        """Yield a whole list, asking for pages as they are needed."""
        cursor: str | None = None
        while True:
            page = self._page(route, names, {**query, "limit": LARGEST_PAGE, "cursor": cursor})
            yield from (decode_kept(route.answer(), body) for body in page["items"])
            cursor = page.get("next")
            if not cursor:
                return

    def versions(self) -> str:
        """Return the version of the daemon, which its `openapi.json` has, and ours."""
        try:
            theirs = str(self._page(routes.OPENAPI, (), {})["info"]["version"])
        except (ReconcilerError, KeyError, TypeError):
            theirs = "of an unknown version"
        return f"the daemon is {safe(theirs)}, this is {__version__}"

    def _page(self, route: Route[Any], names: tuple[str, ...], query: Query) -> Json:
        return self._asked(lambda: self._http.ask(route, *names, query=query))

    @contextmanager
    def lines(self, route: Route[None], *, quiet_s: float, **query: str) -> Iterator[Iterator[str]]:
        """Open a stream and give its lines; they end when nothing came for `quiet_s`."""
        stream = self._http.stream(route, query=query, quiet_s=quiet_s)
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


def as_received(answer: Any) -> Any:
    """Return an answer, or what was put together of several, in the words of the daemon."""
    if isinstance(answer, Wire):
        return getattr(answer, "received", None) or encode(answer)
    if isinstance(answer, Listed):
        return answer.received()
    if isinstance(answer, list):
        return [as_received(item) for item in answer]
    if is_dataclass(answer):
        return {name: as_received(getattr(answer, name)) for name in names_of(type(answer))}
    return answer
