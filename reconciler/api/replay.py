"""`Idempotency-Key`: a mutation that is sent again is answered again and not done again."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from reconciler.api.refusal import MEDIA_TYPE, Refusal
from reconciler.domain.records import Replay, Token
from reconciler.engine.service import Service
from reconciler.wire.scan import json_bytes

HEADER: Final = "idempotency-key"
LONGEST_KEY: Final = 255
_WAIT_S: Final = 60.0
_FIRST_NOT_KEPT: Final = 500
_NEVER_KEPT: Final = frozenset({400, 401, 403, 413, 415, 429})
"""Nothing was begun: the same key may come again, better."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One mutation as it was asked for; `secret` answers are never kept."""

    token: Token
    key: str
    request_sha256: str
    secret: bool = False


class Replays:
    """Gives the first answer again, and lets twins that come at once wait for it."""

    def __init__(self, service: Service, *, wait_s: float = _WAIT_S) -> None:
        self._service = service
        self._wait_s = wait_s
        self._at_work: dict[tuple[str, str], asyncio.Event] = {}
        self._tasks: set[asyncio.Future[Response]] = set()

    async def once(self, asked: Asked, work: Callable[[], Awaitable[Response]]) -> Response:
        """Return the answer `work` gives, now or when the same was asked for before.

        Whoever goes away meanwhile leaves no mutation without its kept answer.

        Raises:
            Refusal: 409 the key came with another request, or its first one is still
                being worked on.
        """
        task = asyncio.ensure_future(self._once(asked, work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _once(self, asked: Asked, work: Callable[[], Awaitable[Response]]) -> Response:
        name = (asked.token.token_id, asked.key)
        while True:
            kept = await self._kept(asked)
            if kept is not None:
                return kept
            # No `await` between this look and the entry below: only one twin gets past it.
            ahead = self._at_work.get(name)
            if ahead is None:
                break
            await self._wait_for(ahead)
        done = self._at_work[name] = asyncio.Event()
        try:
            # Somebody may have finished between the look into the store and the entry.
            kept = await self._kept(asked)
            if kept is not None:
                return kept
            response = await work()
            await self._keep(asked, response)
            return response
        finally:
            del self._at_work[name]
            done.set()

    async def _wait_for(self, ahead: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(self._wait_s):
                await ahead.wait()
        except TimeoutError as error:
            raise Refusal(
                409,
                "in-progress",
                "the first request with this Idempotency-Key is still being worked on",
                remedy="ask again with the same key in a while",
                headers={"Retry-After": "5"},
            ) from error

    async def _kept(self, asked: Asked) -> Response | None:
        found = await self._service.store.read(
            lambda view: view.replays.get(asked.key, asked.token.token_id)
        )
        if found is None:
            return None
        if found.request_sha256 != asked.request_sha256:
            raise Refusal(
                409,
                "idempotency-key-reused",
                "this Idempotency-Key came with another request before",
                remedy="take a new key for each new request",
            )
        return Response(
            found.body or None,
            status_code=found.status,
            media_type=found.content_type,
            headers={"Idempotent-Replayed": "true"},
        )

    async def _keep(self, asked: Asked, response: Response) -> None:
        if response.status_code >= _FIRST_NOT_KEPT or response.status_code in _NEVER_KEPT:
            return
        shown = _shown_once() if asked.secret and response.status_code < 300 else None  # noqa: PLR2004
        replay = Replay(
            key=asked.key,
            token_id=asked.token.token_id,
            request_sha256=asked.request_sha256,
            status=shown.status if shown else response.status_code,
            body=json_bytes(shown.document()) if shown else bytes(response.body),
            created_at=self._service.clock.now(),
            content_type=MEDIA_TYPE if shown else response.media_type or "application/json",
        )
        await self._service.store.transact(lambda tx: tx.replays.put(replay))


def read_key(request: Request) -> str | None:
    """Return the request's `Idempotency-Key`.

    Raises:
        Refusal: 422 it is empty, too long or not plain text.
    """
    key = request.headers.get(HEADER)
    if key is None:
        return None
    if not 0 < len(key) <= LONGEST_KEY or not key.isascii() or not key.isprintable():
        error = {"field": "header.Idempotency-Key", "message": "1 to 255 printable characters"}
        raise Refusal(
            422, "invalid-request", "the request does not fit: Idempotency-Key", errors=[error]
        )
    return key


def request_digest(request: Request, body: bytes) -> str:
    """Return what tells two requests apart that came with one key."""
    digest = hashlib.sha256()
    media_type = request.headers.get("content-type", "")
    for part in (request.method, request.url.path, request.url.query, media_type):
        digest.update(len(part.encode()).to_bytes(4, "big") + part.encode())
    digest.update(body)
    return digest.hexdigest()


def _shown_once() -> Refusal:
    return Refusal(
        409,
        "secret-shown-once",
        "this was done already; its answer contained a secret that is shown only once",
        remedy="remove the token and make another with a new key",
    )
