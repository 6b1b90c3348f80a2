"""Messages on their way: no channel holds up another, and a stop ends what is being sent.

A receiver that stalls for a minute would else keep a pager waiting. A message that a stop meets in
the middle would be sent again by the next start, and a chat room, which knows no key, show two.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Mapping
from typing import Any, Final, TypeVar

from reconciler.engine.service import Service

T = TypeVar("T")
PATIENCE_S: Final = 2.0
ENDS_WITHIN_S: Final = 5.0
"""How long a message that is being sent is waited for where no other may begin."""


async def side_by_side(
    service: Service, work: Mapping[str, Coroutine[Any, Any, None]], *, patience_s: float
) -> frozenset[str]:
    """Do the work of each channel; return the channels that are done with it in `patience_s`.

    What takes longer goes on beside whatever follows, and its channel is busy until then.

    Raises:
        Exception: what the work of a channel raised, in this call or after an earlier one.
    """
    begun = {name: asyncio.create_task(each) for name, each in work.items()}
    service.delivering.update(begun)
    if begun:
        await asyncio.wait(begun.values(), timeout=patience_s)
    return frozenset(begun) - busy(service)


def busy(service: Service) -> frozenset[str]:
    """Return the channels with work that is not done yet.

    Raises:
        Exception: what the work of a channel raised that is done.
    """
    for name, task in tuple(service.delivering.items()):
        if task.done():
            del service.delivering[name]
            task.result()
    return frozenset(service.delivering)


async def to_its_end(service: Service, work: Coroutine[Any, Any, T]) -> T:
    """Return what `work` gives; where this is cancelled, `work` goes on until it ends itself."""
    task = asyncio.create_task(work)
    service.sending.add(task)
    task.add_done_callback(service.sending.discard)
    return await asyncio.shield(task)


async def end_sending(service: Service, *, within_s: float) -> None:
    """Begin no other message, and wait for those being sent; cancel what outlasts `within_s`."""
    late = await await_sent(service, within_s=within_s)
    for task in late:
        task.cancel()
    await asyncio.gather(*late, return_exceptions=True)


async def await_sent(service: Service, *, within_s: float) -> frozenset[asyncio.Task[Any]]:
    """Begin no other message, and return those that are still being sent after `within_s`."""
    channels = tuple(service.delivering.values())
    for channel in channels:
        channel.cancel()
    await asyncio.gather(*channels, return_exceptions=True)
    service.delivering.clear()
    sending = set(service.sending)
    if not sending:
        return frozenset()
    _, late = await asyncio.wait(sending, timeout=within_s)
    return frozenset(late)
