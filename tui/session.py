"""One person's conversation with one daemon: typed calls, each noted, and what may be done."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from reconciler.client import Client, Daemon
from reconciler.client.errors import NotFoundError
from reconciler.client.exchange import Query
from reconciler.wire.remediations import Remediation
from reconciler.wire.route import Route
from tui.calls import NotedCalls, curl_of
from tui.store.changes import Changes
from tui.store.pump import Pump
from tui.store.store import Store
from tui.views import View


@dataclass(frozen=True, slots=True)
class Options:
    """How the terminal UI was started; `environment` names what is behind the daemon.

    `view` is a name among `views`, or a filter.

    `ascii_because` says why it draws ASCII that nobody asked for, `read_only_because` why nothing
    can be changed where that was not asked for either.

    `start` starts the daemon of this machine and says how; None where it cannot be started here.
    """

    read_only: bool = False
    read_only_because: str = ""
    environment: str = ""
    theme: str = ""
    ascii_only: bool = False
    ascii_because: str = ""
    mouse: bool = True
    view: str = ""
    keymap: Mapping[str, str] = field(default_factory=dict)
    views: Mapping[str, View] = field(default_factory=dict)
    start: Callable[[], str] | None = None

    @property
    def production(self) -> bool:
        """Whether every change is confirmed as one of production."""
        return self.environment.lower().startswith("prod")


class Session:
    """The store, the pump that keeps it true, and the calls that people cause."""

    def __init__(self, daemon: Daemon, options: Options) -> None:
        self.daemon = daemon
        self.options = options
        self.calls = NotedCalls(daemon)
        self.client = Client(daemon, calls=self.calls)
        self.store = Store()
        self.role = ""
        self.name = ""
        self.person = ""
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
        self.person = found.person or found.name
        self.permissions = frozenset(found.permissions)

    def listen(self, heard: Callable[[Changes], None]) -> None:
        """Call `heard` with what changed, once a tick."""
        self._heard = heard

    def _publish(self, changes: Changes) -> None:
        self._heard(changes)

    def why_not(self, permission: str) -> str:
        """Return why something that changes the world cannot be done now; empty when it can."""
        if self.options.read_only:
            return f"read-only: {self.options.read_only_because or 'started with --read-only'}"
        if away := self.pump.link.why_not(time.monotonic()):
            return away
        if self.permissions is not None and permission not in self.permissions:
            return f"not allowed: the role {self.role} does not have {permission}"
        return ""

    @property
    def can_start(self) -> bool:
        """Whether a daemon that is not there can be started from here."""
        return self.options.start is not None and not self.options.read_only

    def own_request(self, remediation: Remediation | None) -> str:
        """Return why its own plan may not be approved by who asked for it; empty where it may."""
        if remediation is None:
            return ""
        stack = self.store.stacks.get(remediation.stack)
        own = bool(self.name) and remediation.requested_by in {self.name, self.person}
        if stack is None or stack.own_approval or not own:
            return ""
        return "you requested this, so somebody else has to approve it"

    def curl(self, route: Route[Any], *names: str, query: Query | None = None) -> str:
        """Return the call of `route` for a shell."""
        return curl_of(self.daemon, route, *names, query=query)
