"""Counts and keeps the API calls on their way to the simulator, and makes them again, bare.

A reverse proxy on loopback: what a tool sends passes through unchanged and is kept in memory.
The kept calls made again with nothing around them are the limit no reader can beat.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Sequence

HEAD_LIMIT = 1 << 20


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One request as it was sent; `body` is what followed the head, byte for byte."""

    method: str
    path: str
    head: bytes
    body: bytes

    @property
    def action(self) -> str:
        """Name the call as people do: the JSON target, the query's action, or method and path."""
        headers = _headers(self.head)
        if target := headers.get("x-amz-target"):
            return target
        for part in self.body.decode("latin-1").split("&"):
            if part.startswith("Action="):
                return part.removeprefix("Action=")
        return f"{self.method} {self.path.split('?', 1)[0]}"


@dataclass(slots=True)
class ApiCalls:
    """What passed since the last `clear`, in the order of arrival."""

    endpoint: str
    kept: list[ApiCall] = field(default_factory=list)

    def clear(self) -> None:
        """Forget what passed so far."""
        self.kept.clear()

    def by_action(self) -> Counter[str]:
        """Count the calls by what they ask for."""
        return Counter(call.action for call in self.kept)


@dataclass(frozen=True, slots=True)
class Replayed:
    """How long the calls took when nothing else was done; `failures` answered 500 or above."""

    seconds: float
    calls: int
    failures: int


@asynccontextmanager
async def recorded_calls(simulator_endpoint: str) -> AsyncIterator[ApiCalls]:
    """Listen on a free loopback port and pass everything on to `simulator_endpoint`."""
    host, port = _place(simulator_endpoint)
    calls = ApiCalls(endpoint="")
    open_ones: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is not None:
            open_ones.add(task)
        try:
            await _pass_on(reader, writer, (host, port), calls)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            writer.close()
            if task is not None:
                open_ones.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0, limit=HEAD_LIMIT)
    calls.endpoint = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield calls
    finally:
        server.close()
        for task in list(open_ones):
            task.cancel()
        await asyncio.gather(*open_ones, return_exceptions=True)


async def replay(
    calls: Sequence[ApiCall], simulator_endpoint: str, *, connections: int = 1
) -> Replayed:
    """Make the calls again in their order, over so many kept-open connections, and time them."""
    host, port = _place(simulator_endpoint)
    waiting = list(reversed(calls))
    started = time.perf_counter()
    failures = await asyncio.gather(
        *(_replay_some(waiting, host, port) for _ in range(connections))
    )
    return Replayed(time.perf_counter() - started, len(calls), sum(failures))


async def _pass_on(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    target: tuple[str, int],
    calls: ApiCalls,
) -> None:
    upstream_reader, upstream_writer = await asyncio.open_connection(*target, limit=HEAD_LIMIT)
    try:
        while head := await _head(reader):
            if "expect" in _headers(head):
                writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            body = await _body(reader, head)
            method, path = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ")[:2]
            calls.kept.append(ApiCall(method, path, head, body))
            upstream_writer.write(_without_expectation(head) + body)
            answer, closes = await _answer(upstream_reader, method)
            writer.write(answer)
            await writer.drain()
            if closes:
                return
    finally:
        upstream_writer.close()


async def _replay_some(waiting: list[ApiCall], host: str, port: int) -> int:
    failures = 0
    reader, writer = await asyncio.open_connection(host, port, limit=HEAD_LIMIT)
    try:
        while waiting:
            call = waiting.pop()
            writer.write(_without_expectation(call.head) + call.body)
            answer, closes = await _answer(reader, call.method)
            failures += int(answer.split(b" ", 2)[1]) >= 500
            if closes:
                writer.close()
                reader, writer = await asyncio.open_connection(host, port, limit=HEAD_LIMIT)
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
    return failures


async def _head(reader: asyncio.StreamReader) -> bytes:
    """Return the head with its empty line; nothing when the peer has gone."""
    try:
        return await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return b""


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    headers = _headers(head)
    if "chunked" in headers.get("transfer-encoding", "").lower():
        return await _chunks(reader)
    return await reader.readexactly(int(headers.get("content-length", "0")))


async def _chunks(reader: asyncio.StreamReader) -> bytes:
    parts: list[bytes] = []
    while True:
        line = await reader.readuntil(b"\r\n")
        size = int(line.split(b";", 1)[0], 16)
        parts += [line, await reader.readexactly(size + 2)]
        if size == 0:
            return b"".join(parts)


async def _answer(reader: asyncio.StreamReader, method: str) -> tuple[bytes, bool]:
    """Return one answer whole, and whether the simulator closes after it.

    Raises:
        ConnectionError: The simulator went away before answering.
    """
    head = await _head(reader)
    if not head:
        raise ConnectionError("the simulator closed the connection")
    headers = _headers(head)
    closes = "close" in headers.get("connection", "").lower() or head.startswith(b"HTTP/1.0")
    status = int(head.split(b" ", 2)[1])
    if method == "HEAD" or status in {204, 304}:
        return head, closes
    if "content-length" in headers or "transfer-encoding" in headers:
        return head + await _body(reader, head), closes
    return head + await reader.read(), True


def _without_expectation(head: bytes) -> bytes:
    """Drop `Expect: 100-continue`: the body is here already."""
    lines = head.split(b"\r\n")
    return b"\r\n".join(line for line in lines if not line.lower().startswith(b"expect:"))


def _headers(head: bytes) -> dict[str, str]:
    lines = head.decode("latin-1").split("\r\n")[1:]
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name.strip().lower(): value.strip() for name, value in pairs}


def _place(endpoint: str) -> tuple[str, int]:
    parts = urlsplit(endpoint)
    return parts.hostname or "127.0.0.1", parts.port or 80
