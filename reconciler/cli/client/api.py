"""The daemon's API as calls: bodies in, bodies out, every refusal an error with a remedy."""

from __future__ import annotations

import json
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Self
from urllib.parse import quote

from reconciler.cli.client.place import Daemon
from reconciler.cli.client.problems import PROBLEM, UnreachableError, no_daemon, problem_error
from reconciler.domain.errors import InvalidError, NotFoundError, PermanentError, RetryableError
from reconciler.domain.values import Json
from reconciler.version import __version__

if TYPE_CHECKING:
    import httpx

PREFIX: Final = "/api/v1"
LARGEST_PAGE: Final = 500
USUAL_WAIT_S: Final = 30.0
PLAN_WAIT_S: Final = 1800.0
_CONNECT_S: Final = 5.0
_FIRST_ERROR: Final = 400
_NO_CONTENT: Final = 204
_OF_PROXIES: Final = frozenset({502, 503, 504})


def _light_httpx() -> ModuleType:
    """Import httpx without the command line it brings, for which it loads rich and pygments.

    That is nearly half of its import time, which every short command would pay.
    """
    sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type]
    import httpx  # noqa: PLC0415 - only what really asks a daemon pays for it

    return httpx


class Api:
    """One conversation with one daemon; close it, or use it as a context."""

    def __init__(self, daemon: Daemon, *, patience_s: float = USUAL_WAIT_S) -> None:
        httpx = _light_httpx()
        self._daemon = daemon
        self._errors = httpx
        self._client = httpx.Client(
            headers={
                "Authorization": f"Bearer {daemon.token}",
                "User-Agent": f"trueup/{__version__}",
                "Accept": "application/json",
            },
            timeout=httpx.Timeout(patience_s, connect=min(_CONNECT_S, patience_s)),
            # A proxy of the environment must never see the token of this machine's daemon.
            trust_env=not daemon.local,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    @property
    def url(self) -> str:
        """Where the daemon is."""
        return self._daemon.url

    def get(self, *path: str, **query: str | int | None) -> Json:
        """Return what stands at `path`; parts of `query` that are None are not asked.

        Raises:
            ReconcilerError: a refusal, or no answer; as for every call here.
        """
        return self._asked("GET", path, params=_present(query))

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
        headers = {"Idempotency-Key": uuid.uuid4().hex}
        content = {"json": body} if body is not None else {}
        timeout = self._errors.Timeout(wait_s, connect=_CONNECT_S)
        for last in (not again, True):
            try:
                return self._asked("POST", path, headers=headers, timeout=timeout, **content)
            except UnreachableError as error:
                if last or isinstance(error.__cause__, self._errors.ConnectError):
                    raise
        raise AssertionError

    def put(self, *path: str, body: Json) -> Json:
        """Make what stands at `path` be `body`."""
        return self._asked("PUT", path, json=body)

    def send(self, method: str, *path: str, content: bytes, media_type: str) -> Json:
        """Post or put a document as it is; the daemon reads and checks it."""
        headers = {"Content-Type": media_type}
        if method == "POST":
            headers["Idempotency-Key"] = uuid.uuid4().hex
        return self._asked(method, path, content=content, headers=headers)

    def delete(self, *path: str) -> Json:
        """Remove what stands at `path`."""
        return self._asked("DELETE", path)

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
        timeout = self._errors.Timeout(_CONNECT_S, read=quiet_s)
        headers = {"Accept": "text/event-stream"}
        with (
            self._reached(),
            self._client.stream(
                "GET", self._address(path), params=query, headers=headers, timeout=timeout
            ) as response,
        ):
            if response.status_code >= _FIRST_ERROR:
                response.read()
                raise self._refusal(response)
            yield self._until_quiet(response)

    def _until_quiet(self, response: httpx.Response) -> Iterator[str]:
        try:
            yield from response.iter_lines()
        except self._errors.ReadTimeout:
            return

    def _asked(self, method: str, path: tuple[str, ...], **how: Any) -> Json:
        with self._reached():
            response = self._client.request(method, self._address(path), **how)
        if response.status_code >= _FIRST_ERROR:
            raise self._refusal(response)
        if response.status_code == _NO_CONTENT:
            return {}
        body = _object(response.content)
        if body is None or not response.is_success:
            raise self._stranger(response)
        return body

    def _refusal(self, response: httpx.Response) -> Exception:
        body = _object(response.content) or {}
        if not str(body.get("type", "")).startswith(PROBLEM):
            return self._stranger(response)
        return problem_error(response.status_code, body, origin=self._daemon.token_origin)

    def _stranger(self, response: httpx.Response) -> Exception:
        """Return what to say of an answer that no trueup gives."""
        if response.status_code in _OF_PROXIES:
            return RetryableError(
                f"the proxy at {self.url} does not reach the daemon (HTTP {response.status_code})",
                remedy="check that the daemon runs behind it",
            )
        return PermanentError(
            f"the server at {self.url} is not trueup (HTTP {response.status_code})",
            remedy="see `listen` in trueup.toml, or name the daemon with --server",
        )

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn every way of getting no answer into a sentence."""
        errors = self._errors
        try:
            yield
        except errors.ConnectError as error:
            if self._daemon.local:
                raise no_daemon(self.url, self._daemon.origin) from error
            raise UnreachableError(
                f"no daemon answers at {self.url} ({error})",
                remedy="check the URL, the network and that the daemon runs there",
            ) from error
        except errors.TimeoutException as error:
            raise UnreachableError(
                f"the daemon at {self.url} does not answer in time",
                remedy="try again; what was asked for may still be under way",
            ) from error
        except errors.TransportError as error:
            raise UnreachableError(
                f"the daemon at {self.url} broke off in the middle of its answer",
                remedy="try again",
            ) from error

    def _address(self, path: tuple[str, ...]) -> str:
        return f"{self.url}{PREFIX}/{'/'.join(quote(part, safe='') for part in path)}"


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = json.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _present(query: Mapping[str, str | int | None]) -> dict[str, str | int]:
    return {name: value for name, value in query.items() if value is not None}
