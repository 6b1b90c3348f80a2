"""One person's conversation with one daemon: typed calls, each noted, and what may be done."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from shlex import quote
from typing import Any, Final, TypeVar

from reconciler.client import Client, Daemon
from reconciler.client.errors import NotFoundError, ReconcilerError
from reconciler.wire.route import Route
from tui.store.pump import Pump
from tui.store.store import Changes, Store

T = TypeVar("T")
_KEPT_CALLS: Final = 500


@dataclass(frozen=True, slots=True)
class Call:
    """One call that was made; `command` and `curl` do the same from a shell."""

    at: datetime
    method: str
    path: str
    took_ms: float
    outcome: str
    command: str = ""
    curl: str = ""


@dataclass(frozen=True, slots=True)
class Options:
    """How the terminal UI was started; `environment` names what is behind the daemon."""

    read_only: bool = False
    environment: str = ""
    theme: str = ""
    ascii_only: bool = False
    mouse: bool = True
    view: str = ""
    keymap: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, str] = field(default_factory=dict)

    @property
    def production(self) -> bool:
        """Whether every change is confirmed as one of production."""
        return self.environment.lower().startswith("prod")


class Session:
    """The store, the pump that keeps it true, and the calls that people cause."""

    def __init__(self, daemon: Daemon, options: Options, *, client: Client | None = None) -> None:
        self.daemon = daemon
        self.options = options
        self.client = client or Client(daemon)
        self.store = Store()
        self.calls: deque[Call] = deque(maxlen=_KEPT_CALLS)
        self.role = ""
        self.name = ""
        self.permissions: frozenset[str] | None = None
        self._heard: Callable[[Changes], None] = lambda _changes: None
        self.pump = Pump(self.client, self.store, self._publish, learn=self.learn)

    async def learn(self) -> None:
        """Ask whose token it is; an older daemon cannot say, and refuses what may not be done."""
        try:
            found = await self.client.whoami()
        except NotFoundError:
            return
        self.name, self.role = found.name, found.role
        self.permissions = frozenset(found.permissions)

    def listen(self, heard: Callable[[Changes], None]) -> None:
        """Call `heard` with what changed, once a tick."""
        self._heard = heard

    def _publish(self, changes: Changes) -> None:
        self._heard(changes)

    def why_not(self, permission: str) -> str:
        """Return why something that changes the world cannot be done now; empty when it can."""
        if self.options.read_only:
            return "read-only: started with --read-only"
        if not self.pump.link.live:
            return self.pump.link.words(time.monotonic())
        if self.permissions is not None and permission not in self.permissions:
            return f"not allowed: the role {self.role} does not have {permission}"
        return ""

    async def made(self, route: Route[Any], *names: str, work: Awaitable[T], body: Any = None) -> T:
        """Wait for `work`, which calls `route` for `names`, and note how it went.

        Raises:
            ReconcilerError: what `work` raised.
        """
        began = time.monotonic()
        outcome = "ok"
        try:
            return await work
        except ReconcilerError as error:
            outcome = str(error)
            raise
        finally:
            self.calls.append(
                Call(
                    at=datetime.now(UTC),
                    method=route.method,
                    path=route.below(*names),
                    took_ms=(time.monotonic() - began) * 1000,
                    outcome=outcome,
                    curl=self.curl(route, *names, body=body),
                )
            )

    def curl(self, route: Route[Any], *names: str, body: Any = None) -> str:
        """Return the same call for a shell; the token is read from its place, never shown."""
        import orjson  # noqa: PLC0415 - only who copies a call pays for it

        parts = ["curl", "-sS", "-H", '"Authorization: Bearer $TRUEUP_TOKEN"']
        if route.method != "GET":
            parts += ["-X", route.method]
        if body is not None:
            text = orjson.dumps(body).decode()
            parts += ["-H", "'Content-Type: application/json'", "-d", quote(text)]
        return " ".join([*parts, quote(self.daemon.url.rstrip("/") + route.at(*names))])
