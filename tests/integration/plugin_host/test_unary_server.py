"""What we answer, as gRPC's own client takes it. Terraform's own is met in the recorder's tests."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import grpc.aio
import pytest

from iac_adapters.plugin_host.grpc_status import CallFailed, StatusCode
from iac_adapters.plugin_host.http2.server import ServerConnection
from iac_adapters.plugin_host.unary_server import Behaviour, served

_OPTIONS = (("grpc.max_receive_message_length", 1 << 30), ("grpc.max_metadata_size", 1 << 20))


@asynccontextmanager
async def _called(
    folder: Path, behaviour: Behaviour
) -> AsyncIterator[tuple[grpc.aio.Channel, list[ServerConnection]]]:
    accepted: list[ServerConnection] = []

    def accept() -> ServerConnection:
        accepted.append(served(behaviour))
        return accepted[-1]

    path = str(folder / "s")
    server = await asyncio.get_running_loop().create_unix_server(accept, path=path)
    async with server, grpc.aio.insecure_channel(f"unix:{path}", options=_OPTIONS) as channel:
        yield channel, accepted
        for connection in accepted:
            connection.end("over")


async def _echo(path: str, request: bytes) -> bytes:
    assert path == "/t/x"
    return request


async def test_messages_of_any_size_come_back_side_by_side(tmp_path: Path) -> None:
    requests = [bytes([n]) * size for n, size in enumerate((0, 1, 16379, 65536, 5_000_000))]
    async with _called(tmp_path, _echo) as (channel, _):
        call = channel.unary_unary("/t/x", None, None)
        assert await asyncio.gather(*map(call, requests * 3)) == requests * 3


@pytest.mark.parametrize("details", ["no: naïve → 拒否 100%\nsecond line", "x" * 40_000])
async def test_a_refusal_reaches_the_client_as_it_is(tmp_path: Path, details: str) -> None:
    async def refuse(_path: str, _request: bytes) -> bytes:
        raise CallFailed(StatusCode.FAILED_PRECONDITION, details)

    async with _called(tmp_path, refuse) as (channel, _):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await channel.unary_unary("/t/x", None, None)(b"request")
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert raised.value.details() == details


@pytest.mark.parametrize("way", ["the call", "the connection"])
async def test_what_nobody_waits_for_is_cancelled(tmp_path: Path, way: str) -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def wait(_path: str, _request: bytes) -> bytes:
        begun.set()
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()
        raise AssertionError

    async with _called(tmp_path, wait) as (channel, accepted):
        call = channel.unary_unary("/t/x", None, None)(b"")
        waiting = asyncio.ensure_future(call)
        await asyncio.wait_for(begun.wait(), 60)
        if way == "the call":
            call.cancel()
        else:
            accepted[0].end("over")
        await asyncio.wait_for(ended.wait(), 60)
        with pytest.raises((asyncio.CancelledError, grpc.aio.AioRpcError)):
            await waiting


async def test_a_client_of_another_protocol_is_hung_up_on(tmp_path: Path) -> None:
    async with _called(tmp_path, _echo):
        reader, writer = await asyncio.open_unix_connection(str(tmp_path / "s"))
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            while await reader.read(100):
                pass
        writer.close()
