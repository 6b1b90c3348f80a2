"""How often an address may show a bad token."""

from __future__ import annotations

import time
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Final

_WINDOW_S: Final = 60.0
_MOST_ADDRESSES: Final = 4096


class Throttle:
    """Counts bad tokens by address over the last minute; forgets the oldest addresses."""

    def __init__(self, per_minute: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._seen: OrderedDict[str, deque[float]] = OrderedDict()

    def too_many(self, address: str) -> bool:
        """Count one more bad token from `address`; whether it has shown too many."""
        now = self._clock()
        times = self._seen.setdefault(address, deque(maxlen=self._per_minute + 1))
        self._seen.move_to_end(address)
        while times and times[0] <= now - _WINDOW_S:
            times.popleft()
        times.append(now)
        while len(self._seen) > _MOST_ADDRESSES:
            self._seen.popitem(last=False)
        return len(times) > self._per_minute
