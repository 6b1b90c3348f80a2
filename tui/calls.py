"""The calls to the daemon, each noted, with the command that makes the same call from a shell."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime
from shlex import quote
from typing import Any, Final
from urllib.parse import urlencode

from reconciler.client import Daemon
from reconciler.client.calls import Calls
from reconciler.client.errors import ReconcilerError
from reconciler.client.exchange import Document, Query, present
from reconciler.wire.route import Route

_KEPT: Final = 500
_KEPT_READS: Final = 200
"""A storm of events reads much; what changed something must not be pushed out by it."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was made; `outcome` is `ok`, or why it was refused."""

    at: datetime
    method: str
    path: str
    took_ms: float
    outcome: str
    curl: str


class NotedCalls(Calls):
    """Makes calls as `Calls` does and remembers the latest; those that only read, fewer."""

    def __init__(self, daemon: Daemon) -> None:
        super().__init__(daemon)
        self._changes: deque[Call] = deque(maxlen=_KEPT)
        self._reads: deque[Call] = deque(maxlen=_KEPT_READS)

    async def ask(
        self,
        route: Route[Any],
        *names: str,
        query: Query | None = None,
        body: Any = None,
        document: Document | None = None,
        key: str | None = None,
    ) -> Any:
        """Return what `route` answers, and note how it went; raises as `Calls.ask`."""
        began, at, outcome = time.monotonic(), datetime.now(UTC), "ok"
        try:
            return await super().ask(
                route, *names, query=query, body=body, document=document, key=key
            )
        except ReconcilerError as error:
            outcome = str(error)
            raise
        finally:
            kept = self._reads if route.method == "GET" else self._changes
            kept.append(
                Call(
                    at=at,
                    method=route.method,
                    path=route.below(*names),
                    took_ms=(time.monotonic() - began) * 1000,
                    outcome=outcome,
                    curl=curl_of(self.daemon, route, *names, query=query, body=body),
                )
            )

    def noted(self) -> list[Call]:
        """Return the calls that are remembered, the newest first."""
        return sorted((*self._changes, *self._reads), key=lambda call: call.at, reverse=True)


def curl_of(
    daemon: Daemon, route: Route[Any], *names: str, query: Query | None = None, body: Any = None
) -> str:
    """Return the same call for a shell; the token is read from its place, never shown."""
    import orjson  # noqa: PLC0415 - only who makes or copies a call pays for it

    parts = ["curl", "-sS", "-H", '"Authorization: Bearer $TRUEUP_TOKEN"']
    if route.method != "GET":
        parts += ["-X", route.method]
    if body is not None:
        text = orjson.dumps(body).decode()
        parts += ["-H", "'Content-Type: application/json'", "-d", quote(text)]
    asked = urlencode(present(query or {}))
    address = daemon.url.rstrip("/") + route.at(*names) + (f"?{asked}" if asked else "")
    return " ".join([*parts, quote(address)])
