"""Deadlines and bounds of connections, on a real socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn

from reconciler.api.connection_limits import ConnectionLimits
from reconciler.api.connections import guarded_protocol
from reconciler.bootstrap.web import bind

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


async def _told(port: int, words: bytes) -> bytes:
    """Send `words` and return all that comes until the connection is ended."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(words)
    try:
        async with asyncio.timeout(30):
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
    async with serving(ConnectionLimits(most=3, from_one_address=3, chance_s=0)) as port:
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        asking = HEAD + b"Connection: close\r\n\r\n"
        assert (await _told(port, asking)).startswith(b"HTTP/1.1 204 ")
        first, _ = waiting[0]
        async with asyncio.timeout(30):
            with suppress(ConnectionResetError):
                assert await first.read() == b""
        _, last = waiting[-1]
        last.write(asking)
        reader, _ = waiting[-1]
        async with asyncio.timeout(30):
            assert (await reader.read()).startswith(b"HTTP/1.1 204 ")
        for _, writer in waiting:
            writer.close()


async def test_who_has_just_come_is_not_ended_for_another_one_who_is_told_when_to_come() -> None:
    asking = HEAD + b"Content-Length: 40000\r\n\r\n"
    limits = ConnectionLimits(most=16, from_one_address=3, chance_s=60)
    async with serving(limits) as port:
        waiting = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        answer = await _told(port, asking + b"x" * 40000)
        assert answer.startswith(b"HTTP/1.1 503 ")
        assert b"\r\nretry-after: 5\r\n" in answer
        assert b"urn:trueup:problem:too-many-connections" in answer
        for reader, writer in waiting:
            writer.write(HEAD + b"Connection: close\r\n\r\n")
            async with asyncio.timeout(30):
                assert (await reader.read()).startswith(b"HTTP/1.1 204 ")
            writer.close()
        assert (await _told(port, HEAD + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 204 ")


async def test_who_is_turned_away_and_asks_nothing_is_told_as_well_and_holds_no_place() -> None:
    limits = ConnectionLimits(most=16, from_one_address=1, chance_s=0.2)
    async with serving(limits) as port:
        slow = b"GET /slow HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(slow)
        while not _begun or _begun[-1] != "/slow":  # noqa: ASYNC110 - there is no event of it
            await asyncio.sleep(0.01)
        silent = [asyncio.create_task(_told(port, b"")) for _ in range(5)]
        answers = [await answer for answer in silent]
        assert sum(answer.startswith(b"HTTP/1.1 503 ") for answer in answers) == 2
        assert answers.count(b"") == 3
        async with asyncio.timeout(30):
            assert (await reader.read()).startswith(b"HTTP/1.1 204 ")
        writer.close()
        assert (await _told(port, HEAD + b"Connection: close\r\n\r\n")).startswith(b"HTTP/1.1 204 ")
