from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from reconciler.api.app import end_streams
from reconciler.bootstrap.web import bind
from reconciler.client import Client, Daemon
from reconciler.domain.principals import Role
from tests.api.desk import Desk, open_desk, text_of
from tests.client.cable import Cable


@dataclass(slots=True)
class Served:
    """The real API on a real socket, behind a cable."""

    desk: Desk
    cable: Cable

    def client(self, role: Role = Role.ADMIN, *, token: str | None = None) -> Client:
        return Client(Daemon(self.cable.address, token or text_of(role)))


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    opened = bind("127.0.0.1:0")
    async with open_desk(tmp_path) as desk:
        config = uvicorn.Config(desk.app, log_config=None, access_log=False, ws="none")
        server = uvicorn.Server(config)
        serving = asyncio.ensure_future(server.serve(sockets=[opened]))
        try:
            async with Cable(opened.getsockname()[1]).laid() as cable:
                yield Served(desk, cable)
        finally:
            server.should_exit = True
            end_streams(desk.app)
            await serving
            opened.close()


@pytest.fixture
async def client(served: Served) -> AsyncIterator[Client]:
    async with served.client() as opened:
        yield opened
