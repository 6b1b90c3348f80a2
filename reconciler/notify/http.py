"""Calling a receiver over HTTP: no redirects, no metadata service, errors without addresses."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import httpx

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.notify.forbidden import refuse_literal, refuse_name_soon, refuse_peer
from reconciler.notify.reasons import reason_of
from reconciler.notify.statuses import check_status, wait_of
from reconciler.proxies import proxy_to

_TIMEOUT_S: Final = 10.0
_WHOLE_S: Final = 30.0
"""A receiver that sends a byte now and then never meets the limit of a single step."""
_LONGEST_ANSWER: Final = 16 * 1024 * 1024
"""A page of a hundred issues has all their texts."""
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = frozenset({404, 410})


@dataclass(frozen=True, slots=True)
class Reply:
    """What a receiver answered: 2xx, or that there is no such thing."""

    status: int
    headers: httpx.Headers
    body: bytes

    @property
    def is_missing(self) -> bool:
        """Whether what was asked for is not there."""
        return self.status in _NOT_FOUND

    def json(self, channel: str) -> Any:
        """Return the body as JSON; None where it is empty.

        Raises:
            RetryableError: it is something else, such as the page of a proxy.
        """
        try:
            return json.loads(self.body) if self.body.strip() else None
        except ValueError:
            raise not_the_service(channel, self.status) from None


class Poster:
    """Talks to one base address; keeps the connection between two messages.

    Raises:
        PermanentError: it is no address, or the environment names a proxy that cannot be used.
    """

    def __init__(self, name: str, base: str) -> None:
        self._name = name
        try:
            self._base = httpx.URL(base)
        except httpx.InvalidURL:
            # Not what is wrong with it: that repeats the address.
            raise PermanentError(
                f"the `url` of channel {name} is no address", remedy="correct its host"
            ) from None
        proxy = proxy_to(f"{self._base.scheme}://{self._base.netloc.decode()}")
        self._by_proxy = proxy is not None
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT_S,
            follow_redirects=False,
            proxy=httpx.Proxy(f"http://{proxy.place}", auth=proxy.login) if proxy else None,
            verify=httpx.create_ssl_context(),  # trusts SSL_CERT_FILE, which trust_env would read
            # The proxy is chosen above, and a login of ~/.netrc would take the key's place.
            trust_env=False,
        )

    @property
    def name(self) -> str:
        """The channel's name, for errors."""
        return self._name

    async def post(
        self, path: str, content: bytes, headers: Mapping[str, str]
    ) -> tuple[httpx.Headers, bytes]:
        """Post `content`; return the headers and the body of a 2xx answer.

        Raises:
            RetryableError: the receiver is away, slow or failing; `ChannelBusyError` for 429.
            PermanentError: it refuses, it redirects, or its address is one that no receiver has.
        """
        reply = await self.call("POST", path, content=content, headers=headers)
        return reply.headers, reply.body

    async def call(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str],
        content: bytes | None = None,
        may_miss: bool = False,
    ) -> Reply:
        """Make one call; with `may_miss` 404 and 410 are answers and no errors.

        Raises:
            RetryableError: the receiver is away, slow or failing; `ChannelBusyError` for 429.
            PermanentError: it refuses, it redirects, or its address is one that no receiver has.
        """
        if self._client.is_closed:
            raise self._closed()
        refuse_literal(self._name, self._base.host)
        if self._by_proxy:
            await refuse_name_soon(self._name, self._base.host)
        url = self._base.join(path) if path else self._base
        try:
            async with (
                asyncio.timeout(_WHOLE_S),
                self._client.stream(
                    method, url, content=content, headers=headers, extensions={"trace": self._trace}
                ) as answer,
            ):
                body = await _limited(answer)
        except (httpx.HTTPError, TimeoutError) as error:
            # Not the error's text: it names the address, whose path may be a secret.
            raise RetryableError(
                f"channel {self._name}: no answer from {self._base.host}: {reason_of(error)}"
            ) from None
        except RuntimeError:
            if not self._client.is_closed:
                raise
            raise self._closed() from None
        reply = Reply(answer.status_code, answer.headers, body)
        if not (may_miss and reply.is_missing):
            _check(self._name, self._base.host, reply)
        return reply

    async def close(self) -> None:
        """Close the connection; a later call raises RetryableError."""
        await self._client.aclose()

    def _closed(self) -> RetryableError:
        return RetryableError(f"channel {self._name} was closed by a reload or a stop")

    async def _trace(self, step: str, info: Mapping[str, Any]) -> None:
        """Refuse a connection to where nothing is to be sent, before anything is."""
        if step == "connection.connect_tcp.complete" and not self._by_proxy:
            stream = info["return_value"]
            peer = stream.get_extra_info("server_addr")
            try:
                refuse_peer(self._name, self._base.host, str(peer[0]))
            except PermanentError:
                await stream.aclose()  # nobody else has it yet
                raise


async def _limited(answer: httpx.Response) -> bytes:
    body = bytearray()
    async for part in answer.aiter_bytes():
        body += part
        if len(body) > _LONGEST_ANSWER:
            break
    return bytes(body[:_LONGEST_ANSWER])


def _check(name: str, host: str, answer: Reply) -> None:
    check_status(
        f"channel {name}: {host} answered {answer.status}",
        answer.status,
        after=_asked_to_wait(answer.headers),
        # GitHub answers 403 as well where somebody has asked too often.
        is_throttled=answer.status == _FORBIDDEN and _is_throttled(answer.headers),
        redirected="set the final `url`",
        refused="check the channel's `url` and its key in trueup.toml",
    )


def _is_throttled(headers: httpx.Headers) -> bool:
    return "retry-after" in headers or headers.get("x-ratelimit-remaining") == "0"


def _asked_to_wait(headers: httpx.Headers) -> timedelta | None:
    now = datetime.now(UTC)
    asked = wait_of(headers.get("retry-after", ""), now=now)
    until = headers.get("x-ratelimit-reset", "")
    if asked is None and until.isascii() and until.isdecimal():
        return wait_of(str(max(0, int(until[:12]) - int(now.timestamp()))), now=now)
    return asked


def not_the_service(channel: str, status: int) -> RetryableError:
    """Return the error that something else answered than the service that was asked."""
    return RetryableError(
        f"channel {channel}: the answer ({status}) is not that of the service",
        remedy="a proxy or a login page may stand in between",
    )


def json_headers(more: Mapping[str, Any] | None = None) -> dict[str, str]:
    """Return the headers of a JSON body."""
    return {"content-type": "application/json; charset=utf-8", **(more or {})}
