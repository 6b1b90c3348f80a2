"""HTTP with one daemon, by the standard library: a short command cannot wait for more imports.

What it asks and how each failure is named is as in `calls`, whose event loop and
HTTP library take longer to import than most commands take in all.
"""

from __future__ import annotations

import http.client
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

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
    Document,
    Query,
    common_headers,
    is_refused,
    is_repeated,
    key_of,
    present,
    refuse_unencrypted,
    understood,
    written,
)
from reconciler.proxies import proxy_to
from reconciler.wire.route import Route

_IDLE_S: Final = 1.0
"""A connection unused for so long may have been closed; the next request opens another."""

_STREAM: Final = {"Accept": "text/event-stream"}


class BlockingCalls:
    """Requests to `daemon`, one after the other; an answer is waited for `wait_s`.

    Raises:
        PermanentError: the token would travel unencrypted to another host, or the environment
            names a proxy that cannot be used.
    """

    def __init__(self, daemon: Daemon, *, wait_s: float) -> None:
        refuse_unencrypted(daemon)
        self.daemon = daemon
        self._proxy = proxy_to(daemon.url)
        self._wait_s = wait_s
        self._kept: http.client.HTTPConnection | None = None
        self._used_at = 0.0

    def close(self) -> None:
        """End the conversation."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    def ask(
        self,
        route: Route[Any],
        *names: str,
        query: Query | None = None,
        body: Any = None,
        document: Document | None = None,
    ) -> Any:
        """Return what `route` answers, for the things called `names`.

        A POST is done once: a lost answer is asked for again under the same key, except where
        it is given only once.

        Raises:
            RefusedError: the daemon said no, and why.
            UnreachableError: nobody answered.
        """
        content, headers = written(body, document, key_of(route, None))
        target = self._target(route, names, query or {})
        for last in (not is_repeated(route), True):
            try:
                return self._asked(route, target, content, headers)
            except UnreachableError as error:
                if last or error.never_sent:
                    raise
        raise AssertionError

    def _asked(
        self, route: Route[Any], target: str, content: bytes | None, headers: dict[str, str]
    ) -> Any:
        kept = self._connection(route.wait_s or self._wait_s)
        with self._reached(kept):
            kept.request(
                route.method,
                target,
                body=content,
                headers=common_headers(self.daemon) | headers,
            )
            with kept.getresponse() as response:
                answer = response.read()
        self._used_at = time.monotonic()
        return self._understood(response, answer)

    @contextmanager
    def stream(
        self, route: Route[None], *, query: Query, quiet_s: float
    ) -> Iterator[Iterator[str]]:
        """Open a stream and give its lines; `SilentError` when none came for `quiet_s`."""
        with closing(self._opened(quiet_s)) as opened:
            with self._reached(opened):
                target = self._target(route, (), query)
                opened.request(route.method, target, headers=common_headers(self.daemon) | _STREAM)
                response = opened.getresponse()
            with closing(response):
                if is_refused(response.status):
                    with self._reached(opened):
                        answer = response.read()
                    self._understood(response, answer)
                yield self._lines(opened, response)

    def _lines(
        self, opened: http.client.HTTPConnection, response: http.client.HTTPResponse
    ) -> Iterator[str]:
        with self._reached(opened):
            try:
                while line := response.readline():
                    yield line.decode("utf-8", "replace").rstrip("\r\n")
            except TimeoutError as error:
                raise fallen_silent(self.daemon.url) from error

    def _connection(self, wait_s: float) -> http.client.HTTPConnection:
        if self._kept is not None and time.monotonic() - self._used_at > _IDLE_S:
            self.close()
        if self._kept is None:
            self._kept = self._opened(wait_s)
        elif self._kept.sock is not None:
            self._kept.sock.settimeout(wait_s)
        return self._kept

    def _opened(self, wait_s: float) -> http.client.HTTPConnection:
        """Return a connection that is open.

        Raises:
            UnreachableError: nothing takes it.
        """
        url = self.daemon.url
        made = self._made(min(CONNECT_S, wait_s))
        try:
            made.connect()
        except TimeoutError as error:
            made.close()
            raise not_connected_in_time(url) from error
        except (OSError, http.client.HTTPException) as error:
            made.close()
            raise not_connected(self.daemon, error, proxy=self._proxy) from error
        made.timeout = wait_s
        made.sock.settimeout(wait_s)
        return made

    def _made(self, connect_s: float) -> http.client.HTTPConnection:
        parts = urlsplit(self.daemon.url)
        kind = http.client.HTTPSConnection if self.daemon.encrypted else http.client.HTTPConnection
        host, port = parts.hostname or "", parts.port or kind.default_port
        if self._proxy is None:
            return kind(host, port, timeout=connect_s)
        made = kind(self._proxy.host, self._proxy.port, timeout=connect_s)
        made.set_tunnel(host, port, headers=_login_header(self._proxy.login))
        return made

    @contextmanager
    def _reached(self, opened: http.client.HTTPConnection) -> Iterator[None]:
        """Turn every way of getting no answer into a sentence; such a connection is closed."""
        url = self.daemon.url
        try:
            yield
        except TimeoutError as error:
            opened.close()
            self._forget(opened)
            raise not_answered_in_time(url) from error
        except (OSError, http.client.HTTPException) as error:
            opened.close()
            self._forget(opened)
            raise broken_off(url) from error

    def _forget(self, opened: http.client.HTTPConnection) -> None:
        if opened is self._kept:
            self._kept = None

    def _understood(self, response: http.client.HTTPResponse, content: bytes) -> Any:
        retry_after = response.headers.get("Retry-After")
        return understood(self.daemon, response.status, content, retry_after=retry_after)

    def _target(self, route: Route[Any], names: tuple[str, ...], query: Query) -> str:
        target = urlsplit(self.daemon.url).path.rstrip("/") + route.at(*names)
        asked = present(query)
        return f"{target}?{urlencode(asked)}" if asked else target


def _login_header(login: tuple[str, str] | None) -> dict[str, str]:
    if login is None:
        return {}
    from base64 import b64encode  # noqa: PLC0415 - few proxies ask for a login

    return {"Proxy-Authorization": f"Basic {b64encode(':'.join(login).encode()).decode()}"}
