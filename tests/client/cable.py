"""A cable between client and daemon that can be cut and mended."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_CHUNK = 65_536


class Cable:
    """Carries bytes to `port`; what is open when it is cut breaks off, as with a pulled plug."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._open: set[asyncio.StreamWriter] = set()
        self._cut = False
        self._drop_answers = 0
        self._silent = False
        self._flows = asyncio.Event()
        self._flows.set()
        self._news = asyncio.Event()
        self.address = ""

    async def carried(self) -> None:
        """Return when something went through, or after a moment."""
        self._news.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await self._news.wait()

    def cut(self) -> None:
        """Break off what is open, and let nothing through."""
        self._cut = True
        for writer in tuple(self._open):
            writer.transport.abort()

    def mend(self) -> None:
        """Let bytes through again."""
        self._cut = False

    def silence(self) -> None:
        """Deliver no answer on what is open, as a daemon that was stopped; new calls are taken."""
        self._silent = True

    def speak(self) -> None:
        """Deliver answers again, on connections that are made from now on."""
        self._silent = False

    def hold(self) -> None:
        """Keep every answer back, as a slow daemon does."""
        self._flows.clear()

    def let_go(self) -> None:
        """Deliver what was kept back, and what comes."""
        self._flows.set()

    def lose_answers(self, count: int) -> None:
        """Deliver the next `count` requests, and break off before their answers arrive."""
        self._drop_answers = count

    @asynccontextmanager
    async def laid(self) -> AsyncIterator[Cable]:
        """Lay it for as long as the context is open."""
        server = await asyncio.start_server(self._carry, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        self.address = f"http://{host}:{port}"
        try:
            yield self
        finally:
            self.cut()
            server.close()

    async def _carry(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        if self._cut:
            back.transport.abort()
            return
        far, forth = await asyncio.open_connection("127.0.0.1", self._port)
        self._open |= {back, forth}
        pumps = (self._pump(near, forth), self._pump(far, back, answers=True))
        await asyncio.gather(*(asyncio.ensure_future(pump) for pump in pumps))
        self._open -= {back, forth}

    async def _pump(
        self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, answers: bool = False
    ) -> None:
        muted = False
        with suppress(OSError):
            while chunk := await source.read(_CHUNK):
                if answers:
                    await self._flows.wait()
                if answers and self._drop_answers:
                    self._drop_answers -= 1
                    break
                muted = muted or (answers and self._silent)
                if muted:
                    continue
                target.write(chunk)
                self._news.set()
                await target.drain()
        target.transport.abort()
