"""Deadlines and bounds of connections, on a real socket."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn

from reconciler.api.connections import ConnectionLimits, guarded_protocol
from reconciler.bootstrap.web import bind
from tests.patience import PATIENCE_S

HEAD = b"GET / HTTP/1.1\r\nHost: here\r\n"
QUICK = ConnectionLimits(head_s=0.1, body_s=0.1)


_begun: list[str] = []


async def _app(scope: Any, receive: Any, send: Any) -> None:
    """Read the whole body and answer; wait first where the path says so."""
    _begun.append(scope["path"])
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


class LoopServer(uvicorn.Server):
    """Leaves the signals to the tests."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def serving(limits: ConnectionLimits) -> AsyncIterator[int]:
    """Serve, and give the port."""
    with bind("127.0.0.1:0") as opened:
        config = uvicorn.Config(
            _app, http=guarded_protocol(limits), lifespan="off", ws="none", log_config=None
        )
        server = LoopServer(config)
        task = asyncio.create_task(server.serve(sockets=[opened]))
        try:
            yield opened.getsockname()[1]
        finally:
            server.should_exit = True
            await task


async def connected(port: int, words: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect with `words` sent already when the server accepts.

    Its deadline begins there: on a busy machine it was over before what is to be in time was sent.
    """
    opened = socket.create_connection(("127.0.0.1", port))
    opened.settimeout(0)
    sent = 0
    with suppress(BlockingIOError):
        sent = opened.send(words)
    reader, writer = await asyncio.open_connection(sock=opened)
    writer.write(words[sent:])
    return reader, writer


async def _told(port: int, words: bytes) -> bytes:
    """Send `words` and return all that comes until the connection is ended."""
    reader, writer = await connected(port, words)
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


async def test_a_question_that_takes_too_long_is_ended_and_told() -> None:
    async with serving(QUICK) as port:
        assert (await _told(port, b"")).startswith(b"HTTP/1.1 408 ")
        assert (await _told(port, HEAD)).startswith(b"HTTP/1.1 408 ")
        half = HEAD + b"Content-Length: 9\r\n\r\n123"
        assert (await _told(port, half)).startswith(b"HTTP/1.1 408 ")


async def test_an_answer_that_takes_long_is_waited_for() -> None:
    async with serving(QUICK) as port:
        slow = b"GET /slow HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
        assert (await _told(port, slow)).startswith(b"HTTP/1.1 204 ")


async def test_a_second_question_on_the_same_connection_has_its_own_time() -> None:
    async with serving(QUICK) as port:
        answer = await _told(port, HEAD + b"\r\n" + HEAD)
        assert answer.startswith(b"HTTP/1.1 204 ")
        assert b"HTTP/1.1 408 " in answer


async def test_a_question_is_worked_on_when_its_body_is_there_or_too_large_to_keep() -> None:
    async with serving(QUICK) as port:
        _begun.clear()
        half = b"POST /half HTTP/1.1\r\nHost: here\r\nContent-Length: 99999\r\n\r\n123"
        assert (await _told(port, half)).startswith(b"HTTP/1.1 408 ")
        assert _begun == []
        large = half.replace(b"half", b"large") + b"x" * 80_000
        assert (await _told(port, large)).startswith(b"HTTP/1.1 408 ")
        assert _begun == ["/large"]
        expects = half.replace(b"/half", b"/100").replace(
            b"\r\n\r\n1", b"\r\nExpect: 100-continue\r\n\r\n1"
        )
        assert (await _told(port, expects)).startswith(b"HTTP/1.1 100 ")
        assert _begun == ["/large", "/100"]


async def test_a_head_or_a_tail_without_an_end_is_refused() -> None:
    async with serving(ConnectionLimits(head_bytes=1000)) as port:
        assert b" 431 " in await _told(port, HEAD + b"X: " + b"x" * 2000)
        tail = b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n" + b"X: y\r\n" * 2000
        assert (await _told(port, HEAD + tail))[:13] in (b"", b"HTTP/1.1 431 ")
        whole = HEAD + b"Connection: close\r\nContent-Length: 5000\r\n\r\n" + b"x" * 5000
        assert (await _told(port, whole)).startswith(b"HTTP/1.1 204 ")


async def test_where_there_are_too_many_the_longest_waiting_one_goes() -> None:
    async with serving(ConnectionLimits(most=3, from_one_address=3)) as port:
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        asking = HEAD + b"Connection: close\r\n\r\n"
        assert (await _told(port, asking)).startswith(b"HTTP/1.1 204 ")
        first, _ = waiting[0]
        async with asyncio.timeout(PATIENCE_S):
            with suppress(ConnectionResetError):
                assert await first.read() == b""
        _, last = waiting[-1]
        last.write(asking)
        reader, _ = waiting[-1]
        async with asyncio.timeout(PATIENCE_S):
            assert (await reader.read()).startswith(b"HTTP/1.1 204 ")
        for _, writer in waiting:
            writer.close()
