"""How many connections there may be, in all and from one address, and which one goes first.

Behind one address may be ten thousand hosts. A connection that has just come is left alone: its
question is there already or on its way, and would be sent again if the connection were ended.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Final, Protocol

_TURNED_AWAY_OF: Final = 8
"""One in so many of all connections may wait to be told that there are too many."""


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Bounds of one server; `head_bytes` is for all that is neither body nor answer."""

    most: int = 512
    from_one_address: int = 256
    head_s: float = 10.0
    body_s: float = 60.0
    head_bytes: int = 64 * 2**10
    chance_s: float = 1.0
    """How long a connection that sends a question is left alone."""

    @classmethod
    def within(cls, files: int) -> ConnectionLimits:
        """Return bounds that leave half of `files` for everything else a daemon opens."""
        most = max(16, min(1024, files // 2))
        return cls(most=most, from_one_address=most // 2)


class Endable(Protocol):
    """A connection, as far as it is counted."""

    address: str

    def end(self) -> None:
        """End it now."""


@dataclass(slots=True)
class Connections:
    """Every open connection of one server."""

    limits: ConnectionLimits
    _waiting: dict[Endable, float] = field(default_factory=dict)
    """Those without a whole question, the longest waiting first, and when each may be ended."""
    _by_address: Counter[str] = field(default_factory=Counter)
    _turned_away: set[Endable] = field(default_factory=set)

    def admit(self, newcomer: Endable, *, now_s: float) -> bool:
        """Count `newcomer` and return True, ending another where there are too many.

        Return False where none may be ended.
        """
        address = newcomer.address
        if not self._make_room(address, now_s):
            return False
        self._by_address[address] += 1
        return True

    def turn_away(self, newcomer: Endable) -> bool:
        """Return whether there is room to tell `newcomer` that there is none."""
        if len(self._turned_away) >= self.limits.most // _TURNED_AWAY_OF:
            return False
        self._turned_away.add(newcomer)
        return True

    def waits(self, connection: Endable, *, endable_at_s: float) -> None:
        """Let `connection` be ended for another one from `endable_at_s` on."""
        self._waiting[connection] = endable_at_s

    def is_busy(self, connection: Endable) -> None:
        """Let `connection` not be ended for another one."""
        self._waiting.pop(connection, None)

    def forget(self, gone: Endable) -> None:
        """Count a connection no more."""
        self._waiting.pop(gone, None)
        if gone in self._turned_away:
            self._turned_away.remove(gone)
            return
        self._by_address[gone.address] -= 1
        if self._by_address[gone.address] <= 0:
            del self._by_address[gone.address]

    def _make_room(self, address: str, now_s: float) -> bool:
        if self._by_address[address] >= self.limits.from_one_address:
            return self._end_longest_waiting(address, now_s)
        if self._by_address.total() >= self.limits.most:
            return self._end_longest_waiting(None, now_s)
        return True

    def _end_longest_waiting(self, address: str | None, now_s: float) -> bool:
        found = next(
            (
                connection
                for connection, endable_at_s in self._waiting.items()
                if endable_at_s <= now_s and address in (None, connection.address)
            ),
            None,
        )
        if found is None:
            return False
        found.end()
        return True
