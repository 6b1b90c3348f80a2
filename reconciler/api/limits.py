"""What a request may be, checked before anybody parses it, and what every answer carries."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from agent.protocol.messages import MOST_BODY_BYTES, REPORTS_PATH
from reconciler.api.refusal import Refusal

_DRIFT_REPORTS: Final = "/api/v1/drift/reports"
_MOST_DRAINED_BYTES: Final = 32 * 2**20
_DRAIN_WITHIN_S: Final = 5.0
SECURITY_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes; `bad_tokens_per_minute` is for each address that calls."""

    body_bytes: int = 2**20
    report_bytes: int = 4 * 2**20
    header_bytes: int = 16 * 2**10
    bad_tokens_per_minute: int = 10
    subscribers: int = 200
    """Streams of events that may be open at once: well below the connections there may be."""
    subscribers_per_token: int = 20

    def body_of(self, path: str) -> int:
        """Return how large the body of a request to `path` may be."""
        if path == REPORTS_PATH:
            return MOST_BODY_BYTES
        return self.report_bytes if path == _DRIFT_REPORTS else self.body_bytes


class LimitsMiddleware:
    """Refuses what is too large, compressed or malformed; adds the security headers."""

    def __init__(self, app: ASGIApp, *, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it before anything of it is parsed."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._refusal_of_head(scope)
        if refusal is not None:
            await _drain(receive)
            await refusal.response()(scope, receive, send_with_headers)
            return
        counted = _Counted(receive, most=self._limits.body_of(scope["path"]))
        await self._app(scope, counted, send_with_headers)

    def _refusal_of_head(self, scope: Scope) -> Refusal | None:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        if size > self._limits.header_bytes:
            return Refusal(431, "headers-too-large", "the headers are larger than 16 KiB")
        if "\0" in scope["path"] or b"%00" in scope["query_string"]:
            return Refusal(400, "unfit-text", "the address holds a NUL character")
        headers = Headers(scope=scope)
        if headers.get("content-encoding", "identity").strip().lower() != "identity":
            return Refusal(
                415, "compressed", "compressed bodies are not accepted", remedy="send it as it is"
            )
        length = headers.get("content-length", "0")
        most = self._limits.body_of(scope["path"])
        if not length.isascii() or not length.isdigit():
            return Refusal(400, "bad-request", "Content-Length is not a number")
        return _too_large(most) if int(length[:20]) > most else None


class _Counted:
    """Passes a body on until it is larger than `most` bytes."""

    def __init__(self, receive: Receive, *, most: int) -> None:
        self._receive = receive
        self._most = most
        self._seen = 0

    async def __call__(self) -> Message:
        message = await self._receive()
        self._seen += len(message.get("body", b""))
        if self._seen > self._most:
            if message.get("more_body"):
                await _drain(self._receive)
            raise _too_large(self._most)
        return message


async def _drain(receive: Receive) -> None:
    """Let a client that is still sending finish within reason, so that it reads our answer."""
    seen = 0
    try:
        async with asyncio.timeout(_DRAIN_WITHIN_S):
            while seen < _MOST_DRAINED_BYTES:
                message = await receive()
                seen += len(message.get("body", b""))
                if message["type"] != "http.request" or not message.get("more_body"):
                    return
    except TimeoutError:
        return


def _too_large(most: int) -> Refusal:
    return Refusal(
        413,
        "body-too-large",
        f"the body is larger than {most} bytes",
        headers={"Connection": "close"},
    )
