"""Our calls against a server of gRPC's own library, and against servers that misbehave."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import grpc
import grpc.aio
import pytest

from iac_adapters.plugin_host.grpc_messages import CONTENT_TYPE, framed
from iac_adapters.plugin_host.grpc_status import CallFailed, StatusCode
from iac_adapters.plugin_host.http2.connection import header_frames
from iac_adapters.plugin_host.http2.errors import ErrorCode
from iac_adapters.plugin_host.http2.frames import (
    PREFACE,
    FrameReader,
    Kind,
    packed,
    settings_frame,
)
from iac_adapters.plugin_host.unary_calls import Channel

Behaviour = Callable[[bytes, Any], Awaitable[bytes]]
_OPTIONS = (("grpc.max_receive_message_length", 1 << 30), ("grpc.max_metadata_size", 1 << 20))


class _Handler(grpc.GenericRpcHandler):  # type: ignore[type-arg]  # generic in its stubs only
    def __init__(self, behaviours: dict[str, Behaviour]) -> None:
        self._behaviours = behaviours

    def service(self, details: grpc.HandlerCallDetails) -> Any:
        behaviour = self._behaviours.get(details.method)
        return behaviour and grpc.unary_unary_rpc_method_handler(behaviour)


@asynccontextmanager
async def _served(
    folder: Path, *options: tuple[str, int], **behaviours: Behaviour
) -> AsyncIterator[Channel]:
    server = grpc.aio.server(options=(*_OPTIONS, *options))
    server.add_generic_rpc_handlers((_Handler({f"/t/{k}": b for k, b in behaviours.items()}),))
    server.add_insecure_port(f"unix:{folder / 's'}")
    await server.start()
    channel = Channel("unix", str(folder / "s"))
    try:
        yield channel
    finally:
        channel.close()
        await server.stop(None)


async def _echo(request: bytes, _context: Any) -> bytes:
    return request


@pytest.mark.parametrize("size", [0, 1, 16379, 16384, 65535, 65536, 5_000_000])
async def test_messages_of_any_size_come_back(tmp_path: Path, size: int) -> None:
    async with _served(tmp_path, echo=_echo) as channel:
        request = bytes(range(256)) * (size // 256 + 1)
        assert await channel.call("/t/echo", request[:size], timeout_s=60) == request[:size]


async def test_many_calls_share_a_connection(tmp_path: Path) -> None:
    async with _served(tmp_path, echo=_echo) as channel:
        requests = [bytes([n]) * (n * 700) for n in range(150)]
        calls = (channel.call("/t/echo", request, timeout_s=60) for request in requests)
        assert await asyncio.gather(*calls) == requests
        assert not channel.busy


async def test_a_server_that_takes_two_at_once_is_given_two(tmp_path: Path) -> None:
    now, most = 0, 0

    async def count(request: bytes, _context: Any) -> bytes:
        nonlocal now, most
        now += 1
        most = max(now, most)
        await asyncio.sleep(0)
        now -= 1
        return request

    async with _served(tmp_path, ("grpc.max_concurrent_streams", 2), count=count) as channel:
        await channel.call("/t/count", b"", timeout_s=60)  # and it has told so by now
        await asyncio.gather(*(channel.call("/t/count", b"x", timeout_s=60) for _ in range(20)))
    assert 1 <= most <= 2


@pytest.mark.parametrize(
    "details", ["access denied: naïve → 拒否 100%", "x" * 40_000, "two\nlines", ""]
)
async def test_a_refusal_has_the_servers_code_and_words(tmp_path: Path, details: str) -> None:
    async def refuse(_request: bytes, context: Any) -> bytes:
        await context.abort(grpc.StatusCode.FAILED_PRECONDITION, details)
        raise AssertionError

    async with _served(tmp_path, echo=_echo, refuse=refuse) as channel:
        with pytest.raises(CallFailed) as raised:
            await channel.call("/t/refuse", b"x" * 200_000, timeout_s=60)
        assert raised.value.code is StatusCode.FAILED_PRECONDITION
        assert raised.value.details == details
        with pytest.raises(CallFailed) as raised:
            await channel.call("/t/unheard-of", b"", timeout_s=60)
        assert raised.value.code is StatusCode.UNIMPLEMENTED
        assert await channel.call("/t/echo", b"still", timeout_s=60) == b"still"


async def test_the_server_is_told_of_the_deadline(tmp_path: Path) -> None:
    async def remaining(_request: bytes, context: Any) -> bytes:
        return str(context.time_remaining()).encode()

    async with _served(tmp_path, remaining=remaining) as channel:
        # The server reads a clock of its own, and was seen to be 0.2 ms ahead.
        assert 0 < float(await channel.call("/t/remaining", b"", timeout_s=500)) < 501
        assert await channel.call("/t/remaining", b"", timeout_s=None) == b"None"


@pytest.mark.parametrize("way", ["late", "cancelled"])
async def test_a_call_that_is_given_up_is_taken_back(tmp_path: Path, way: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_request: bytes, _context: Any) -> bytes:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        raise AssertionError

    async with _served(tmp_path, echo=_echo, wait=wait) as channel:
        timeout_s = 0.05 if way == "late" else None
        call = asyncio.create_task(channel.call("/t/wait", b"", timeout_s=timeout_s))
        if way == "cancelled":
            await begun.wait()
            call.cancel()
            with pytest.raises(asyncio.CancelledError):
                await call
        else:
            with pytest.raises(CallFailed) as raised:
                await call
            assert raised.value.code is StatusCode.DEADLINE_EXCEEDED
        if begun.is_set():
            await asyncio.wait_for(ended.wait(), 60)
        assert await channel.call("/t/echo", b"next", timeout_s=60) == b"next"


async def test_calls_of_a_server_that_stops_fail_and_the_next_one_connects_anew(
    tmp_path: Path,
) -> None:
    begun = asyncio.Event()

    async def wait(_request: bytes, _context: Any) -> bytes:
        begun.set()
        await asyncio.sleep(3600)
        raise AssertionError

    async with _served(tmp_path, wait=wait) as channel:
        call = asyncio.create_task(channel.call("/t/wait", b"", timeout_s=None))
        await asyncio.wait_for(begun.wait(), 60)
    with pytest.raises(CallFailed) as raised:
        await call
    assert raised.value.code in (StatusCode.UNAVAILABLE, StatusCode.CANCELLED)
    late = Channel("unix", str(tmp_path / "s"))
    with pytest.raises(CallFailed) as raised:
        await late.call("/t/echo", b"", timeout_s=60)
    assert raised.value.code is StatusCode.UNAVAILABLE
    async with _served(tmp_path, echo=_echo):
        assert await late.call("/t/echo", b"again", timeout_s=60) == b"again"
    late.close()


async def test_a_closed_channel_takes_no_calls(tmp_path: Path) -> None:
    async with _served(tmp_path, echo=_echo) as channel:
        call = asyncio.create_task(channel.call("/t/echo", b"", timeout_s=None))
        await asyncio.sleep(0)  # it connects by now
        channel.close()
        channel.close()
        for late in (call, channel.call("/t/echo", b"", timeout_s=None)):
            with pytest.raises(CallFailed) as raised:
                await late
            assert raised.value.code is StatusCode.UNAVAILABLE


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "not HTTP/2"),
        (b"\0\0\0\x04\0\0\0\0\0" + b"\0\0\x01\x01\x04\0\0\0\x01\x80", "index 0"),
        (b"", "closed"),
    ],
    ids=["another protocol", "a broken header block", "nothing"],
)
async def test_a_stranger_is_a_connection_that_ended(
    tmp_path: Path, said: bytes, words: str
) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(said)
        await writer.drain()
        writer.close()

    path = str(tmp_path / "s")
    async with await asyncio.start_unix_server(answer, path=path):
        channel = Channel("unix", path)
        with pytest.raises(CallFailed, match=words) as raised:
            await channel.call("/t/x", b"", timeout_s=60)
        assert raised.value.code is StatusCode.UNAVAILABLE
        channel.close()


class _Refusing(asyncio.Protocol):
    """Refuses the first streams, as a server does that counts one more than are open."""

    def __init__(self, refusals: int) -> None:
        self._left = refusals
        self._reader = FrameReader()
        self._greeted = False
        self.streams: list[int] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.WriteTransport", transport)
        self._transport.write(settings_frame({}))

    def data_received(self, data: bytes) -> None:
        if not self._greeted:
            data, self._greeted = data.removeprefix(PREFACE), True
        for frame in self._reader.feed(data):
            if frame.kind == Kind.HEADERS:
                self._answer(frame.stream)

    def _answer(self, stream: int) -> None:
        self.streams.append(stream)
        if len(self.streams) <= self._left:
            code = ErrorCode.REFUSED_STREAM.to_bytes(4, "big")
            self._transport.write(packed(Kind.RST_STREAM, 0, stream, code))
            return
        head, content, end = (
            header_frames(stream, [(":status", "200"), CONTENT_TYPE]),
            packed(Kind.DATA, 0, stream, framed(b"done")),
            header_frames(stream, [("grpc-status", "0")], last=True),
        )
        self._transport.write(head + content + end)


@pytest.mark.parametrize("refusals", [1, 3])
async def test_a_refused_stream_is_asked_again(tmp_path: Path, refusals: int) -> None:
    server = _Refusing(refusals)
    path = str(tmp_path / "s")
    async with await asyncio.get_running_loop().create_unix_server(lambda: server, path):
        channel = Channel("unix", path)
        assert await channel.call("/t/x", b"", timeout_s=60) == b"done"
        channel.close()
    assert len(server.streams) == refusals + 1


async def test_a_server_that_refuses_each_stream_is_unavailable(tmp_path: Path) -> None:
    server = _Refusing(1000)
    path = str(tmp_path / "s")
    async with await asyncio.get_running_loop().create_unix_server(lambda: server, path):
        channel = Channel("unix", path)
        with pytest.raises(CallFailed) as raised:
            await channel.call("/t/x", b"", timeout_s=None)
        channel.close()
    assert raised.value.code is StatusCode.UNAVAILABLE
    assert 1 < len(server.streams) < 20
