"""Unary gRPC calls to one server on this machine, with messages as bytes.

gRPC's own library takes 15 MB and threads of its own for these; see docs/adr/0038.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Mapping
from typing import Final

from iac_adapters.plugin_host.grpc_messages import (
    CONTENT_BYTES,
    CONTENT_TYPE,
    framed,
    refuse_failure,
    unframed,
)
from iac_adapters.plugin_host.grpc_status import CallFailed, ConnectionLost, StatusCode
from iac_adapters.plugin_host.http2.client import ClientConnection
from iac_adapters.plugin_host.http2.connection import Message
from iac_adapters.plugin_host.http2.errors import ConnectionEnded, ErrorCode, StreamReset
from iac_adapters.plugin_host.http2.hpack import Field

_LONGEST_TIMEOUT_MS: Final = 99_999_999
_OF_RESETS: Final[Mapping[int, StatusCode]] = {
    ErrorCode.REFUSED_STREAM: StatusCode.UNAVAILABLE,
    ErrorCode.CANCEL: StatusCode.CANCELLED,
    ErrorCode.ENHANCE_YOUR_CALM: StatusCode.RESOURCE_EXHAUSTED,
    ErrorCode.INADEQUATE_SECURITY: StatusCode.PERMISSION_DENIED,
}
_AGAIN_AFTER_S: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32)


class Channel:
    """Calls one server over one connection, made at the first call and anew when it is lost."""

    def __init__(self, network: str, address: str) -> None:
        """`network` is `unix` with a socket's path, or `tcp` with host:port."""
        self._network = network
        self._address = address
        self._connection: ClientConnection | None = None
        self._connecting = asyncio.Lock()
        self._calls = 0
        self._closed = False

    @property
    def busy(self) -> bool:
        """Whether a call waits for its answer."""
        return self._calls > 0

    async def call(self, method: str, request: bytes, *, timeout_s: float | None) -> bytes:
        """Return the answer to `request`. The server is told of the deadline; None waits for ever.

        Raises:
            CallFailed: it was refused, or there is no answer.
        """
        self._calls += 1
        try:
            async with asyncio.timeout(timeout_s):
                answer = await self._answered(_fields(method, timeout_s), framed(request))
        except TimeoutError:
            raise CallFailed(StatusCode.DEADLINE_EXCEEDED, "no answer in time") from None
        except ConnectionEnded as error:
            raise ConnectionLost(str(error)) from None
        except StreamReset as error:
            code = _OF_RESETS.get(error.code, StatusCode.INTERNAL)
            raise CallFailed(code, str(error)) from None
        finally:
            self._calls -= 1
        refuse_failure(answer.fields)
        return unframed(answer.content)

    def close(self) -> None:
        """Take no more calls; those under way fail at once. Closing twice is closing once."""
        self._closed = True
        if self._connection is not None:
            self._connection.end("it was closed")

    async def _answered(self, fields: list[Field], content: bytes) -> Message:
        """Ask again where the server refused the stream: it has done nothing of such a request.

        gRPC's own server counts a stream for a moment after its answer has arrived here, and
        refuses what is sent in its place. Source: RFC 9113, section 8.7.
        """
        pauses_s = iter(_AGAIN_AFTER_S)
        while True:
            connection = await self._connected()
            try:
                return await connection.request(fields, content)
            except StreamReset as error:
                pause_s = next(pauses_s, None)
                if error.code != ErrorCode.REFUSED_STREAM or pause_s is None:
                    raise
            await asyncio.sleep(pause_s)

    async def _connected(self) -> ClientConnection:
        async with self._connecting:
            if self._connection is None or not self._connection.usable:
                self._refuse_closed()
                self._connection = await self._connect()
            self._refuse_closed()
            return self._connection

    def _refuse_closed(self) -> None:
        if self._closed:
            if self._connection is not None:
                self._connection.end("it was closed")
            raise ConnectionEnded("it was closed")

    async def _connect(self) -> ClientConnection:
        loop = asyncio.get_running_loop()
        try:
            if self._network == "unix":
                _, connection = await loop.create_unix_connection(_connection, self._address)
            else:
                host, _, port = self._address.rpartition(":")
                _, connection = await loop.create_connection(
                    _connection, host.strip("[]"), int(port)
                )
        except OSError as error:
            raise ConnectionEnded(f"it cannot be reached: {error.strerror or error}") from None
        return connection


def _connection() -> ClientConnection:
    return ClientConnection(message_bytes=CONTENT_BYTES)


def _fields(method: str, timeout_s: float | None) -> list[Field]:
    fields = [
        (":method", "POST"),
        (":scheme", "http"),
        (":path", method),
        (":authority", "localhost"),
        ("te", "trailers"),
        CONTENT_TYPE,
        ("user-agent", "trueup"),
    ]
    if timeout_s is not None:
        # A little later than our own deadline: a server that is first ends the call as cancelled,
        # which would pass for a refusal.
        milliseconds = min(math.ceil(timeout_s * 1000) + 1, _LONGEST_TIMEOUT_MS)
        fields.append(("grpc-timeout", f"{milliseconds}m"))
    return fields
