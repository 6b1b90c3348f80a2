"""Questions to providers beside a scan, which they may not hold up."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, TypeVar

from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import ResourceAddress

T = TypeVar("T")
_AT_ONCE: Final = 10
_ALL_WITHIN_S: Final = 60.0


async def answers_in_time(
    questions: Mapping[ResourceAddress, Callable[[], Awaitable[T | None]]],
) -> dict[ResourceAddress, T]:
    """Return what came of the questions within a minute; what failed or is None is left out."""
    limit = asyncio.Semaphore(_AT_ONCE)
    answers: dict[ResourceAddress, T] = {}

    async def ask(address: ResourceAddress, question: Callable[[], Awaitable[T | None]]) -> None:
        async with limit:
            with contextlib.suppress(ReconcilerError):
                answer = await question()
                if answer is not None:
                    answers[address] = answer

    # A provider that hangs must not hold up the scan, which tells of it resource by resource.
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_ALL_WITHIN_S):
            await asyncio.gather(*(ask(*asked) for asked in questions.items()))
    return answers
