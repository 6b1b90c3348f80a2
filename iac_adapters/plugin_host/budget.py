"""How fast and how many at once: what keeps us from being throttled.

Both are first come, first served, and a waiter that gives up takes nothing with it.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Self

Clock = Callable[[], float]
Sleep = Callable[[float], Awaitable[None]]

_SETTLING_S: Final = 0.5
_DECREASE: Final = 0.5
# Rounding must not make a waiter sleep for a trillionth of a token.
_WHOLE: Final = 1 - 1e-9


class TokenBucket:
    """At most `burst` at once and `rate_per_s` each second after that."""

    def __init__(
        self,
        rate_per_s: float,
        burst: float,
        *,
        clock: Clock = time.monotonic,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        if rate_per_s <= 0 or burst < 1:
            raise ValueError(f"needs a rate above 0 and a burst of 1: {rate_per_s}, {burst}")
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._tokens = float(burst)
        self._filled_at_s = clock()
        self._turn = asyncio.Lock()

    async def take(self) -> None:
        """Return when one more call may be made."""
        async with self._turn:
            self._fill()
            while self._tokens < _WHOLE:
                await self._sleep((1 - self._tokens) / self._rate_per_s)
                self._fill()
            self._tokens = max(0.0, self._tokens - 1)

    def _fill(self) -> None:
        now_s = self._clock()
        earned = max(0.0, now_s - self._filled_at_s) * self._rate_per_s
        self._tokens = min(self._burst, self._tokens + earned)
        self._filled_at_s = now_s


class AdaptiveLimit:
    """How many may run at once: halved by throttling, raised by one per round of successes.

    One burst of throttled answers halves it once: those that were under way together
    all learn of the same overload.
    """

    def __init__(
        self,
        initial: int,
        minimum: int,
        maximum: int,
        *,
        clock: Clock = time.monotonic,
        settling_s: float = _SETTLING_S,
    ) -> None:
        if not 1 <= minimum <= initial <= maximum:
            raise ValueError(f"not 1 <= minimum <= initial <= maximum: {minimum, initial, maximum}")
        self._minimum = minimum
        self._maximum = maximum
        self._limit = float(initial)
        self._clock = clock
        self._settling_s = settling_s
        self._decreased_at_s: float | None = None
        self._running = 0
        self._waiters: deque[asyncio.Future[None]] = deque()

    @property
    def limit(self) -> int:
        """How many may run at once now."""
        return int(self._limit + 1e-9)

    @property
    def running(self) -> int:
        """How many do run now."""
        return self._running

    async def __aenter__(self) -> Self:
        if self._running < self.limit and not self._waiters:
            self._running += 1
            return self
        waiter = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled():
                self._release()  # the place was ours already
            else:
                self._waiters.remove(waiter)
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._release()

    def throttled(self) -> None:
        """Halve the limit, unless it was halved a moment ago."""
        now_s = self._clock()
        last_s = self._decreased_at_s
        if last_s is not None and now_s - last_s < self._settling_s:
            return
        self._decreased_at_s = now_s
        self._limit = max(float(self._minimum), self._limit * _DECREASE)

    def succeeded(self) -> None:
        """Raise the limit a little: by one after as many successes as may run at once."""
        self._limit = min(float(self._maximum), self._limit + 1 / self._limit)
        self._admit()

    def _release(self) -> None:
        self._running -= 1
        self._admit()

    def _admit(self) -> None:
        while self._waiters and self._running < self.limit:
            waiter = self._waiters.popleft()
            if not waiter.done():
                self._running += 1
                waiter.set_result(None)
