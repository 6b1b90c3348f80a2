"""Reports on real connections are answered, byte for byte, as the application answers them."""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import orjson
import pytest
import uvicorn
from uvicorn.server import ServerState

from agent.protocol.messages import write
from reconciler.api.app import Api
from reconciler.api.connections import ConnectionLimits, GuardedProtocol, guarded_protocol
from reconciler.api.report_connections import _MOST_WAITING_BYTES, report_protocol
from reconciler.bootstrap.web import bind
from reconciler.stores import Transaction
from tests.api.desk import Desk
from tests.api.speaking_agent import ONE, TWO, SpeakingAgent, root_of
from tests.api.test_connections import LoopServer, connected
from tests.report_requests import signed_request

LAST = b"GET /none HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"
_WITHIN_S = 240


def request(
    agent: SpeakingAgent, body: bytes, *more: str, media: str = "application/json"
) -> bytes:
    return signed_request(
        body, *more, agent_id=agent.agent_id, key=agent.key, serial=agent.serial, media_type=media
    )


@asynccontextmanager
async def serving(
    app: Api, protocol: type[GuardedProtocol]
) -> AsyncIterator[tuple[int, ServerState]]:
    """Serve `app` on connections of `protocol`; give the port, and what the server has."""
    with bind("127.0.0.1:0") as opened:
        config = uvicorn.Config(
            app, http=protocol, lifespan="off", ws="none", log_config=None, server_header=False,
            date_header=False,
        )  # fmt: skip
        server = LoopServer(config)
        task = asyncio.create_task(server.serve(sockets=[opened]))
        try:
            yield opened.getsockname()[1], server.server_state
        finally:
            server.should_exit = True
            await task


@asynccontextmanager
async def both_ways(desk: Desk, limits: ConnectionLimits) -> AsyncIterator[tuple[int, int]]:
    """Give two ports of one application: with the lane on its connections, and without."""
    quick = report_protocol(limits, desk.app.lane)
    async with (
        serving(desk.app, quick) as (first, _),
        serving(desk.app, guarded_protocol(limits)) as (second, _),
    ):
        yield first, second


async def said(port: int, pieces: Sequence[bytes]) -> bytes:
    """Send `pieces` one by one and return all that comes until the connection is ended."""
    reader, writer = await connected(port, pieces[0])
    try:
        for piece in pieces[1:]:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        async with asyncio.timeout(_WITHIN_S):
            return await reader.read()
    finally:
        writer.close()


def refused_messages(agent: SpeakingAgent) -> list[bytes]:
    good = write(agent.report(ONE))
    message = orjson.loads(good)
    message["sections"]["files"]["changed"] = [["/etc/motd", {"size": 1.5}]]
    return [
        request(agent, good).replace(b"Trueup-Agent ", b"Trueup-Agent x"),
        request(agent, good).replace(b"Authorization: Trueup", b"Authorization: Bearer"),
        request(agent, good).replace(b"Authorization:", b"X:"),
        request(agent, b""),
        request(agent, b"{"),
        request(agent, b"[]"),
        request(agent, b'{"v":2}'),
        request(agent, orjson.dumps(message)),
        request(agent, write(agent.report(ONE, root=root_of(TWO)))),
        request(agent, write(agent.report({}, sent_at=10**9))),
        request(agent, good, media="text/plain"),
        request(agent, good, media="application/zlib"),
        request(agent, good, "Content-Encoding: gzip"),
        request(agent, good, "Expect: 100-continue"),
        request(agent, good, "Transfer-Encoding: chunked"),
    ]


async def test_refusals_and_answers_are_those_of_the_application(
    agent: SpeakingAgent, desk: Desk
) -> None:
    refused = refused_messages(agent)
    taken = request(agent, write(agent.report(ONE, seq=1)))
    agent.held = ONE
    other = request(agent, write(agent.report(TWO, seq=2)))
    async with both_ways(desk, ConnectionLimits()) as (quick, plain):
        for sent in (*refused, taken, other, taken):
            answers = [await said(port, (sent, LAST)) for port in (quick, plain)]
            assert answers[0] == answers[1], sent
            assert answers[0].startswith(b"HTTP/1.1 ")
    assert (await agent.standing())["root"] == root_of(TWO)


async def test_requests_in_pieces_are_answered_in_order_whatever_the_pieces(
    agent: SpeakingAgent, desk: Desk
) -> None:
    heartbeats = [request(agent, write(agent.report({}))) for _ in range(6)]
    chunked = (
        b"POST /none HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
    )
    get = b"GET /none HTTP/1.1\r\nHost: here\r\n\r\n"
    odd = request(agent, b"{", "X-Odd: yes")
    stream = b"".join(
        (heartbeats[0], get, heartbeats[1], heartbeats[2], odd, chunked, heartbeats[3], b"\r\n",
         heartbeats[4], *refused_messages(agent)[:3], heartbeats[5], LAST)
    )  # fmt: skip
    chance = random.Random(7)
    async with both_ways(desk, ConnectionLimits()) as (quick, plain):
        wanted = [await said(quick, [stream])]
        for _ in range(20):
            cuts = sorted(chance.sample(range(1, len(stream)), chance.randrange(1, 40)))
            pieces = [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True)]
            wanted.append(await said(quick, pieces))
        assert wanted[0].count(b"HTTP/1.1 204 ") == 6
        # Each of them was taken already; both ways say so in the same words.
        assert set(wanted[1:]) == {await said(plain, [stream])}


async def test_half_a_report_has_the_deadlines_of_every_request(
    agent: SpeakingAgent, desk: Desk
) -> None:
    whole = request(agent, write(agent.report(ONE)))
    limits = ConnectionLimits(head_s=0.1, body_s=0.1)
    async with both_ways(desk, limits) as (quick, plain):
        for half in (whole[:10], whole[:100], whole[:-5]):
            answers = [await said(port, [half]) for port in (quick, plain)]
            assert answers[0].startswith(b"HTTP/1.1 408 ")
            assert answers[0] == answers[1]
        after = await said(quick, [whole + whole[:-5]])
        assert after.startswith(b"HTTP/1.1 204 ")
        assert b"HTTP/1.1 408 " in after
    assert (await agent.standing())["root"] == root_of(ONE)


async def test_a_connection_is_idle_since_its_last_report(agent: SpeakingAgent, desk: Desk) -> None:
    protocol = report_protocol(ConnectionLimits(), desk.app.lane)
    async with serving(desk.app, protocol) as (port, state):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)

        async def answered() -> bool:
            writer.write(request(agent, write(agent.report({}))))
            return (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 204 ")

        assert await answered()
        (connection,) = state.connections
        assert isinstance(connection, protocol)
        connection.timeout_keep_alive_handler()  # the timer that the report before began
        assert await answered()
        connection._idle_since -= 3600
        connection.timeout_keep_alive_handler()
        with pytest.raises((asyncio.IncompleteReadError, ConnectionError)):
            await answered()
        writer.close()


async def test_a_thousand_refusals_in_one_piece_are_all_answered(
    agent: SpeakingAgent, desk: Desk
) -> None:
    one = request(agent, b"{")
    async with both_ways(desk, ConnectionLimits()) as (quick, _plain):
        answer = await said(quick, [one * 1000 + LAST])
    assert answer.count(b"HTTP/1.1 422 ") == 1000


async def test_a_client_that_never_waits_fills_no_memory_and_holds_nobody_up(desk: Desk) -> None:
    unsigned = b"POST /api/v1/agents/reports HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n\r\n"
    quick = report_protocol(ConnectionLimits(), desk.app.lane)
    most = 0

    class Watched(quick):  # type: ignore[misc, valid-type]  # a class that is made
        def data_received(self, data: bytes) -> None:
            nonlocal most
            super().data_received(data)
            most = max(most, len(self._arrived))

    async with serving(desk.app, Watched) as (port, _):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(64):
            writer.write(unsigned * 1000)
            await asyncio.sleep(0)
        writer.write(LAST)
        async with asyncio.timeout(_WITHIN_S):
            answer = await reader.read()
        writer.close()
    assert answer.count(b"HTTP/1.1 401 ") == 64_000
    assert most <= _MOST_WAITING_BYTES + 2**18  # what one read brings


async def test_a_connection_that_is_to_end_answers_what_it_has_begun(
    agent: SpeakingAgent, desk: Desk
) -> None:
    store = desk.house.service.store
    begun, goes_on = threading.Event(), threading.Event()

    def hold(_tx: Transaction) -> None:
        begun.set()
        goes_on.wait(_WITHIN_S)

    holding = asyncio.create_task(store.transact(hold))
    await asyncio.to_thread(begun.wait)
    protocol = report_protocol(ConnectionLimits(), desk.app.lane)
    async with serving(desk.app, protocol) as (port, state):
        waiting = asyncio.create_task(said(port, [request(agent, write(agent.report(ONE)))]))
        while not any(connection._answering for connection in state.connections):  # type: ignore[union-attr]  # noqa: ASYNC110 - there is no event of it
            await asyncio.sleep(0.01)
        for connection in list(state.connections):
            connection.shutdown()
        goes_on.set()
        assert (await waiting).startswith(b"HTTP/1.1 204 ")
    await holding
