"""One HTTP conversation with one daemon: JSON in, JSON out, each failure one of two kinds."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from functools import cached_property
from types import ModuleType
from typing import TYPE_CHECKING, Any

from reconciler.client.daemon import Daemon
from reconciler.client.errors import (
    UnreachableError,
    broken_off,
    fallen_silent,
    not_answered_in_time,
    not_connected,
    not_connected_in_time,
)
from reconciler.client.exchange import (
    CONNECT_S,
    USUAL_WAIT_S,
    Document,
    Query,
    common_headers,
    is_refused,
    is_repeated,
    key_of,
    present,
    refuse_unencrypted,
    silent_s,
    understood,
    written,
)
from reconciler.proxies import Proxy, proxy_to
from reconciler.wire.route import Route

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterator

    import httpx


class Calls:
    """Requests to `daemon`; `transport` takes the place of the network, such as an ASGI app.

    An answer is waited for `wait_s`, unless a call gives another time.

    Raises:
        PermanentError: the token would travel unencrypted to another host, or the environment
            names a proxy that cannot be used.
    """

    def __init__(
        self,
        daemon: Daemon,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        wait_s: float = USUAL_WAIT_S,
    ) -> None:
        if transport is None:
            refuse_unencrypted(daemon)
        self._proxy = proxy_to(daemon.url) if transport is None else None
        self._transport = transport
        self.daemon = daemon
        self._wait_s = wait_s

    @cached_property
    def _httpx(self) -> ModuleType:
        """The module; the first call imports it, so that a screen is drawn before."""
        # It imports its command line, and with it pygments, where rich is installed.
        sys.modules.setdefault("httpx._main", None)  # type: ignore[arg-type] # Python's own way
        import httpx  # noqa: PLC0415 - it takes longer to import than all the rest

        return httpx

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        client: httpx.AsyncClient = self._httpx.AsyncClient(
            headers=common_headers(self.daemon),
            timeout=self._timeout(self._wait_s),
            transport=self._transport,
            proxy=_for_httpx(self._proxy),
            verify=_trusted(self.daemon),
            # Proxies are chosen above, and a login of ~/.netrc would take the token's place.
            trust_env=False,
        )
        return client

    async def close(self) -> None:
        """End the conversation, where one was begun."""
        if "_client" in vars(self):
            await self._client.aclose()

    async def ask(
        self,
        route: Route[Any],
        *names: str,
        query: Query | None = None,
        body: Any = None,
        document: Document | None = None,
        key: str | None = None,
    ) -> Any:
        """Return what `route` answers, for the things called `names`.

        A POST is done once: a lost answer is asked for again under the same key, except where
        it is given only once. Whoever passes a `key` may repeat the call after any failure.

        Raises:
            RefusedError: the daemon said no, and why.
            UnreachableError: nobody answered.
        """
        content, headers = written(body, document, key_of(route, key))
        for last in (not is_repeated(route), True):
            try:
                return await self._asked(route, names, query, content, headers)
            except UnreachableError as error:
                if last or error.never_sent:
                    raise
        raise AssertionError

    @asynccontextmanager
    async def stream(
        self, route: Route[None], *, query: Query, headers: Mapping[str, str], quiet_s: float
    ) -> AsyncIterator[AsyncIterator[str]]:
        """Open a stream and give its lines; one that is silent for too long is unreachable.

        That is `quiet_s`, or sooner where the daemon says how often it gives a sign of life.
        """
        timeout = self._httpx.Timeout(CONNECT_S, read=quiet_s)
        asked = {"Accept": "text/event-stream", **headers}
        with self._reached():
            async with self._client.stream(
                route.method,
                self._address(route),
                params=present(query),
                headers=asked,
                timeout=timeout,
            ) as response:
                if is_refused(response.status_code):
                    await response.aread()
                    self._understood(response)
                yield self._lines(response, silent_s(response.headers, quiet_s))

    async def _lines(self, response: httpx.Response, quiet_s: float) -> AsyncIterator[str]:
        lines = response.aiter_lines()
        with self._reached():
            try:
                while True:
                    # Of TCP a daemon that was stopped is as much there as any other.
                    async with asyncio.timeout(quiet_s):
                        line = await anext(lines, None)
                    if line is None:
                        return
                    yield line
            except (self._httpx.ReadTimeout, TimeoutError) as error:
                raise fallen_silent(self.daemon.url) from error

    async def _asked(
        self,
        route: Route[Any],
        names: tuple[str, ...],
        query: Query | None,
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> Any:
        with self._reached():
            response = await self._client.request(
                route.method,
                self._address(route, *names),
                params=present(query or {}),
                content=content,
                headers=headers,
                timeout=self._timeout(route.wait_s or self._wait_s),
            )
        return self._understood(response)

    def _understood(self, response: httpx.Response) -> Any:
        return understood(
            self.daemon,
            response.status_code,
            response.content,
            retry_after=response.headers.get("Retry-After"),
        )

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """Turn every way of getting no answer into a sentence."""
        errors, url = self._httpx, self.daemon.url
        try:
            yield
        except (errors.ConnectError, errors.ProxyError) as error:
            raise not_connected(self.daemon, error, proxy=self._proxy) from error
        except errors.ConnectTimeout as error:
            raise not_connected_in_time(url) from error
        except errors.TimeoutException as error:
            raise not_answered_in_time(url) from error
        except errors.TransportError as error:
            raise broken_off(url) from error

    def _timeout(self, wait_s: float) -> httpx.Timeout:
        timeout: httpx.Timeout = self._httpx.Timeout(wait_s, connect=min(CONNECT_S, wait_s))
        return timeout

    def _address(self, route: Route[Any], *names: str) -> str:
        return self.daemon.url.rstrip("/") + route.at(*names)


def _trusted(daemon: Daemon) -> ssl.SSLContext:
    """Return the system's certificates, or those of SSL_CERT_FILE, as a blocking call has them."""
    import ssl  # noqa: PLC0415 - the blocking calls of most commands need none

    # Where nothing is encrypted, reading all of them would only take its time.
    if daemon.encrypted:
        return ssl.create_default_context()
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _for_httpx(proxy: Proxy | None) -> httpx.Proxy | None:
    if proxy is None:
        return None
    import httpx  # noqa: PLC0415 - whoever gives one has imported it

    return httpx.Proxy(f"http://{proxy.place}", auth=proxy.login)
