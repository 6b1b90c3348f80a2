"""The API over the real engine and store and a world in memory, with a token for each role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from reconciler.api.app import Api, build_app
from reconciler.api.limits import Limits
from reconciler.domain.principals import Role
from reconciler.domain.records import Token
from reconciler.domain.tokens import secret_digest, token_text
from reconciler.stores import Transaction
from tests.fakes import FakeClock
from tests.unit.engine.house import TOOLS, House, open_house

V1 = "/api/v1"
_CALLER = ("127.0.0.1", 50_000)


@dataclass(slots=True)
class Desk:
    """A house with its API; `as_` is how a test speaks as somebody."""

    house: House
    app: Api
    clients: dict[Role, httpx.AsyncClient]
    anonymous: httpx.AsyncClient

    @property
    def clock(self) -> FakeClock:
        return self.house.clock

    @property
    def viewer(self) -> httpx.AsyncClient:
        return self.clients[Role.VIEWER]

    @property
    def operator(self) -> httpx.AsyncClient:
        return self.clients[Role.OPERATOR]

    @property
    def approver(self) -> httpx.AsyncClient:
        return self.clients[Role.APPROVER]

    @property
    def admin(self) -> httpx.AsyncClient:
        return self.clients[Role.ADMIN]

    async def forget_passes(self) -> None:
        """Let tokens be looked up in the store again."""
        for role in Role:
            self.app.state.credentials.forget(role.value)


def secret_of(role: Role) -> str:
    return f"{role.value}-secret-".ljust(43, "0")


def text_of(role: Role) -> str:
    return token_text(role.value, secret_of(role))


def token_of(role: Role, clock: FakeClock) -> Token:
    return Token(
        token_id=role.value,
        name=f"{role.value} at the desk",
        role=role,
        secret_sha256=secret_digest(secret_of(role)),
        created_at=clock.now(),
    )


def client_for(
    app: Api, token: str | None = None, *, caller: tuple[str, int] = _CALLER
) -> httpx.AsyncClient:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app=app, client=caller)
    return httpx.AsyncClient(transport=transport, base_url="http://desk", headers=headers)


async def put_tokens(house: House) -> None:
    def work(tx: Transaction) -> None:
        for role in Role:
            tx.tokens.put(token_of(role, house.clock))

    await house.service.store.transact(work)


@asynccontextmanager
async def open_desk(folder: Path, *, limits: Limits | None = None) -> AsyncIterator[Desk]:
    async with open_house(folder) as house:
        await put_tokens(house)
        options = TOOLS.every_options()
        app = build_app(house.service, limits=limits, stack_options=options)
        clients = {role: client_for(app, text_of(role)) for role in Role}
        anonymous = client_for(app)
        try:
            yield Desk(house, app, clients, anonymous)
        finally:
            for client in (*clients.values(), anonymous):
                await client.aclose()
            await app.state.bodies.close()
