"""One HTTP conversation with one daemon: JSON in, JSON out, each failure one of two kinds."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

import orjson

from reconciler.client.daemon import Daemon
from reconciler.client.errors import (
    SilentError,
    UnreachableError,
    no_daemon,
    refusal,
    stranger,
)
from reconciler.domain.errors import PermanentError
from reconciler.version import __version__

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

PREFIX: Final = "/api/v1"
USUAL_WAIT_S: Final = 30.0
PLAN_WAIT_S: Final = 1800.0
_CONNECT_S: Final = 5.0
_FIRST_ERROR: Final = 400
_NO_CONTENT: Final = 204
_CHECK: Final = "check the URL, the network and that the daemon runs there"

Query = Mapping[str, str | int | None]


class Calls:
    """Requests to `daemon`; `transport` takes the place of the network, such as an ASGI app.

    An answer is waited for `wait_s`, unless a call gives another time.

    Raises:
        PermanentError: the token would travel unencrypted to another host.
    """

    def __init__(
        self,
        daemon: Daemon,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        wait_s: float = USUAL_WAIT_S,
    ) -> None:
        import httpx  # noqa: PLC0415 - it takes longer to import than all the rest

        if transport is None and not (daemon.local or daemon.encrypted):
            raise PermanentError(
                f"the token is not sent unencrypted to {daemon.url}",
                remedy="use https, or a tunnel that ends on 127.0.0.1",
            )
        self.daemon = daemon
        self._httpx = httpx
        self._wait_s = wait_s
        self._client = httpx.AsyncClient(
            headers={
                "Authorization": f"Bearer {daemon.token}",
                "User-Agent": f"trueup/{__version__}",
                "Accept": "application/json",
            },
            timeout=self._timeout(wait_s),
            transport=transport,
            # A proxy of the environment must never see the token of this machine's daemon.
            trust_env=not daemon.local,
        )

    async def close(self) -> None:
        """End the conversation."""
        await self._client.aclose()

    async def get(self, *path: str, query: Query | None = None) -> Any:
        """Return what stands at `path`.

        Raises:
            RefusedError: the daemon said no, and why; as for every call here.
            UnreachableError: nobody answered; as for every call here.
        """
        return await self._asked("GET", path, query=query)

    async def post(
        self,
        *path: str,
        body: Any = None,
        key: str | None = None,
        wait_s: float | None = None,
        again: bool = True,
    ) -> Any:
        """Do what `path` names, once: a lost answer is asked for again under the same key.

        With `again` False it is not, since the answer is given only once. Whoever passes a
        `key` may repeat the call after any failure.
        """
        key = key or uuid.uuid4().hex
        for last in (not again, True):
            try:
                return await self._asked("POST", path, body=body, key=key, wait_s=wait_s)
            except UnreachableError as error:
                if last or error.never_sent:
                    raise
        raise AssertionError

    async def put(self, *path: str, body: Any) -> Any:
        """Make what stands at `path` be `body`."""
        return await self._asked("PUT", path, body=body)

    async def delete(self, *path: str) -> Any:
        """Remove what stands at `path`."""
        return await self._asked("DELETE", path)

    async def send(self, method: str, *path: str, content: bytes, media_type: str) -> Any:
        """Post or put a document as it is; the daemon reads and checks it."""
        key = uuid.uuid4().hex if method == "POST" else None
        return await self._asked(method, path, content=(content, media_type), key=key)

    @asynccontextmanager
    async def stream(
        self, *path: str, query: Query, headers: Mapping[str, str], quiet_s: float
    ) -> AsyncIterator[AsyncIterator[str]]:
        """Open a stream and give its lines; one that is silent for `quiet_s` is unreachable."""
        timeout = self._httpx.Timeout(_CONNECT_S, read=quiet_s)
        asked = {"Accept": "text/event-stream", **headers}
        with self._reached():
            async with self._client.stream(
                "GET", self._address(path), params=_present(query), headers=asked, timeout=timeout
            ) as response:
                if response.status_code >= _FIRST_ERROR:
                    await response.aread()
                    raise self._refused(response)
                yield self._lines(response)

    async def _lines(self, response: httpx.Response) -> AsyncIterator[str]:
        with self._reached():
            try:
                async for line in response.aiter_lines():
                    yield line
            except self._httpx.ReadTimeout as error:
                raise SilentError(f"the daemon at {self.daemon.url} fell silent") from error

    async def _asked(  # noqa: PLR0913 - the parts of a request
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: Query | None = None,
        body: Any = None,
        content: tuple[bytes, str] | None = None,
        key: str | None = None,
        wait_s: float | None = None,
    ) -> Any:
        headers = {"Idempotency-Key": key} if key else {}
        if body is not None:
            content = orjson.dumps(body), "application/json"
        if content is not None:
            headers["Content-Type"] = content[1]
        with self._reached():
            response = await self._client.request(
                method,
                self._address(path),
                params=_present(query or {}),
                content=content[0] if content else None,
                headers=headers,
                timeout=self._timeout(self._wait_s if wait_s is None else wait_s),
            )
        if response.status_code >= _FIRST_ERROR:
            raise self._refused(response)
        if response.status_code == _NO_CONTENT:
            return {}
        return self._understood(response)

    def _understood(self, response: httpx.Response) -> Any:
        answer = _object(response.content)
        if answer is None or not response.is_success:
            raise stranger(self.daemon.url, response.status_code)
        return answer

    def _refused(self, response: httpx.Response) -> Exception:
        return refusal(
            self.daemon.url,
            response.status_code,
            _object(response.content),
            retry_after=response.headers.get("Retry-After"),
        )

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn every way of getting no answer into a sentence."""
        errors, url = self._httpx, self.daemon.url
        try:
            yield
        except errors.ConnectError as error:
            if self.daemon.local:
                raise no_daemon(url, self.daemon.origin) from error
            raise UnreachableError(
                f"no daemon answers at {url} ({error})", remedy=_CHECK, never_sent=True
            ) from error
        except errors.ConnectTimeout as error:
            raise UnreachableError(
                f"nothing at {url} takes a connection in time", remedy=_CHECK, never_sent=True
            ) from error
        except errors.TimeoutException as error:
            raise UnreachableError(
                f"the daemon at {url} does not answer in time",
                remedy="try again; what was asked for may still be under way",
            ) from error
        except errors.TransportError as error:
            raise UnreachableError(
                f"the daemon at {url} broke off in the middle of its answer", remedy="try again"
            ) from error

    def _timeout(self, wait_s: float) -> httpx.Timeout:
        return self._httpx.Timeout(wait_s, connect=min(_CONNECT_S, wait_s))

    def _address(self, path: tuple[str, ...]) -> str:
        parts = (quote(part, safe="") for part in path)
        return "/".join((self.daemon.url.rstrip("/") + PREFIX, *parts))


def _object(content: bytes) -> dict[str, Any] | None:
    try:
        body = orjson.loads(content)
    except ValueError:
        return None
    return body if isinstance(body, dict) else None


def _present(query: Query) -> dict[str, str | int]:
    return {name: value for name, value in query.items() if value is not None}
