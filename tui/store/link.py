"""How the daemon is reached right now, and whether what is shown may be acted on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["connecting", "live", "lost", "denied"]


@dataclass(frozen=True, slots=True)
class Link:
    """The connection; `since` is a monotonic time in seconds, `attempts` counts failures.

    `unread` is how many things the daemon would not tell yet, `reason` why of the latest.
    `was_live` says whether it ever was: what is shown is stale only then.
    """

    state: State = "connecting"
    since: float = 0.0
    attempts: int = 0
    reason: str = ""
    remedy: str = ""
    unread: int = 0
    was_live: bool = False

    @property
    def live(self) -> bool:
        """Whether what happens is told: of what is shown it is known when it changes."""
        return self.state == "live"

    def words(self, now: float) -> str:
        """Return it in a few words; `now` is monotonic."""
        if self.state == "lost" and not self.was_live:
            return f"not connected, attempt {self.attempts}"
        if self.state == "lost":
            return f"stale {max(int(now - self.since), 0)} s, reconnecting {self.attempts}"
        if self.live and self.unread:
            return f"live, {self.unread:,} not read"
        return {"connecting": "connecting", "live": "live", "denied": "not allowed"}[self.state]

    def why_not(self, now: float) -> str:
        """Return why nothing may be done of what is shown; empty when it may be."""
        if self.live:
            return ""
        told = f": {self.reason}" if self.state == "denied" and self.reason else ""
        return f"{self.words(now)}{told}"

    def lost(self, reason: str, remedy: str, *, now: float) -> Link:
        """Return the link after a connection was cut or not made."""
        since = self.since if self.state == "lost" else now
        attempts = self.attempts + 1 if self.state == "lost" else 1
        was_live = self.live or self.was_live
        return Link("lost", since, attempts, reason, remedy, was_live=was_live)
