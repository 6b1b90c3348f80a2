"""Who calls: a bearer token becomes a token's record, or a refusal."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import structlog
from starlette.requests import Request

from reconciler.api.refusal import Refusal
from reconciler.api.throttle import Throttle
from reconciler.domain.errors import StorageError
from reconciler.domain.principals import Role
from reconciler.domain.records import Token
from reconciler.domain.tokens import opens, read_token
from reconciler.engine.service import Service
from reconciler.stores import Transaction

_NOTE_EVERY: Final = timedelta(minutes=1)
_REMEMBERED_S: Final = 1.0
_MOST_REMEMBERED: Final = 256
_NOBODY: Final = Token("", "", Role.VIEWER, "0" * 64, datetime.min.replace(tzinfo=UTC))
_log = structlog.get_logger()


class Credentials:
    """Reads bearer tokens. A token that was taken away is refused within a second."""

    def __init__(self, service: Service, *, bad_per_minute: int) -> None:
        self._service = service
        self._throttle = Throttle(bad_per_minute)
        self._remembered: dict[str, tuple[float, Token | None]] = {}
        self._asked: dict[str, asyncio.Task[Token | None]] = {}

    async def caller(self, request: Request) -> Token:
        """Return the token the request came with.

        Raises:
            Refusal: 401 it came with none, with an unknown or an expired one, 429 with too many
                bad ones.
        """
        header = request.headers.get("authorization")
        if header is None:
            raise _unauthorized("a bearer token is needed", challenge=_CHALLENGE)
        token = await self._token(header)
        if token is None:
            address = request.client.host if request.client else ""
            if self._throttle.too_many(address):
                raise Refusal(
                    429, "too-many-bad-tokens", "too many bad tokens", headers={"Retry-After": "60"}
                )
            raise _unauthorized("the token is not known")
        await self._note_use(token)
        return token

    async def still_opens(self, token: Token) -> bool:
        """Whether a caller's token was neither revoked nor expired since; no where nobody knows."""
        try:
            kept = await self._known(token.token_id)
        except StorageError:
            return False
        if kept is None or kept.secret_sha256 != token.secret_sha256:
            return False
        return self._ended(kept) is None

    def forget(self, token_id: str) -> None:
        """Look at the store again the next time this token comes."""
        self._remembered.pop(token_id, None)
        self._asked.pop(token_id, None)

    async def _token(self, header: str) -> Token | None:
        scheme, _, text = header.partition(" ")
        read = read_token(text.strip()) if scheme.lower() == "bearer" else None
        if read is None:
            return None
        token_id, secret = read
        # A digest is compared also when nothing is known of the id: both cost the same.
        kept = await self._known(token_id)
        if not opens(kept or _NOBODY, secret) or kept is None:
            return None
        if (ended := self._ended(kept)) is not None:
            # Told only to whoever holds the secret, so nothing is given away.
            raise _unauthorized(
                f"the token {kept.name} expired at {ended:%Y-%m-%d %H:%M} UTC",
                code="token-expired",
                remedy="ask an admin for a new one: trueup token add NAME --role ROLE",
            )
        return kept

    def _ended(self, token: Token) -> datetime | None:
        """Return when the token expired; None while it has not."""
        ends = token.expires_at
        return ends if ends is not None and ends <= self._service.clock.now() else None

    async def _known(self, token_id: str) -> Token | None:
        until, kept = self._remembered.get(token_id, (0.0, None))
        if time.monotonic() < until:
            return kept
        # Each event is sent to 200 streams at once, and each of them asks whether it still may.
        asked = self._asked.get(token_id)
        if asked is None:
            asked = self._asked[token_id] = asyncio.create_task(self._read(token_id))
        kept = await asyncio.shield(asked)
        # Who asked first and noted its use has said all that the others would.
        until, newer = self._remembered.get(token_id, (0.0, None))
        return newer if time.monotonic() < until else kept

    async def _read(self, token_id: str) -> Token | None:
        began = time.monotonic()
        try:
            kept = await self._service.store.read(lambda view: view.tokens.get(token_id))
        finally:
            if self._asked.get(token_id) is asyncio.current_task():
                del self._asked[token_id]
        if kept is not None:
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[token_id] = (began + _REMEMBERED_S, kept)
        return kept

    async def _note_use(self, token: Token) -> None:
        now = self._service.clock.now()
        if token.last_used_at is not None and now - token.last_used_at < _NOTE_EVERY:
            return

        def work(tx: Transaction) -> None:
            kept = tx.tokens.get(token.token_id)
            if kept is not None:
                tx.tokens.put(replace(kept, last_used_at=now))

        used = replace(token, last_used_at=now)
        self._remembered[token.token_id] = (time.monotonic() + _REMEMBERED_S, used)
        try:
            await self._service.store.transact(work)
        except StorageError as error:
            # Reading must go on when the disk is full; what cannot be kept is only a time.
            _log.warning("token_use_not_noted", token_id=token.token_id, reason=str(error))


_CHALLENGE: Final = 'Bearer realm="trueup"'
_INVALID: Final = f'{_CHALLENGE}, error="invalid_token"'
_SEND_ONE: Final = (
    "send `Authorization: Bearer TOKEN`; the first one is in the data directory's admin.token"
)


def _unauthorized(
    detail: str, *, code: str = "unauthorized", remedy: str = _SEND_ONE, challenge: str = _INVALID
) -> Refusal:
    return Refusal(401, code, detail, remedy=remedy, headers={"WWW-Authenticate": challenge})
