"""What a broken or hostile plugin sends ends its call or its connection, and fills no memory."""

from __future__ import annotations

import asyncio

import pytest

from iac_adapters.plugin_host.http2.client import ClientConnection
from iac_adapters.plugin_host.http2.connection import header_frames
from iac_adapters.plugin_host.http2.errors import ConnectionEnded, StreamReset
from iac_adapters.plugin_host.http2.frames import (
    Kind,
    Setting,
    packed,
    settings_frame,
)
from iac_adapters.plugin_host.unary_server import served

MESSAGE_BYTES = 1000
PING = packed(Kind.PING, 0, 0, b"12345678")


class Unread(asyncio.WriteTransport):
    """A transport to a side that reads nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.written = bytearray()

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.written += data

    def get_write_buffer_size(self) -> int:
        return len(self.written)

    def is_closing(self) -> bool:
        return False

    def abort(self) -> None:
        """Nothing is left to end."""

    close = abort


def connected() -> tuple[ClientConnection, Unread]:
    connection, transport = ClientConnection(message_bytes=MESSAGE_BYTES), Unread()
    connection.connection_made(transport)
    return connection, transport


async def test_fields_without_an_end_end_the_call() -> None:
    connection, _ = connected()
    call = asyncio.create_task(connection.request([(":method", "POST")], b""))
    await asyncio.sleep(0)
    for number in range(100):
        connection.data_received(header_frames(1, [(f"x-{number}", "y" * 1000)]))
    with pytest.raises(StreamReset):
        await call


async def test_questions_whose_answers_nobody_reads_end_the_connection() -> None:
    connection, transport = connected()
    asked = 0
    while not connection.ended and asked < 10_000:
        connection.data_received(PING)
        asked += 1
    assert connection.ended
    assert len(transport.written) < 2 * MESSAGE_BYTES + 1000


@pytest.mark.parametrize(
    "frame",
    [
        packed(Kind.PING, 0, 0, bytes(16_000)),
        settings_frame({Setting.MAX_FRAME_SIZE: 0xFFFFFFFF}),
        settings_frame({Setting.MAX_FRAME_SIZE: 1}),
    ],
    ids=["ping", "large frames", "small frames"],
)
async def test_what_the_standard_forbids_ends_the_connection(frame: bytes) -> None:
    connection, _ = connected()
    call = asyncio.create_task(connection.request([(":method", "POST")], bytes(100_000)))
    await asyncio.sleep(0)
    connection.data_received(frame)
    with pytest.raises(ConnectionEnded):
        await call


async def test_an_error_of_ours_is_an_answer_without_what_it_says() -> None:
    async def fails(_method: str, _message: bytes) -> bytes:
        raise OSError("hunter2")

    connection, transport = served(fails), Unread()
    connection.connection_made(transport)
    head = header_frames(1, [(":method", "POST"), (":path", "/x")])
    connection.data_received(connection_preface() + head + packed(Kind.DATA, 1, 1, bytes(5)))
    for _ in range(5):
        await asyncio.sleep(0)
    assert b"grpc-status" in bytes(transport.written)
    assert b"OSError" in bytes(transport.written)
    assert b"hunter2" not in bytes(transport.written)


def connection_preface() -> bytes:
    return ClientConnection.preface + settings_frame({})
