"""The API on a real socket, in a thread with a loop of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvicorn

from reconciler.api.app import end_streams
from reconciler.api.limits import Limits
from reconciler.bootstrap.web import bind
from tests.api.desk import Desk, open_desk

_WAIT_S = 60.0


@contextmanager
def serving(
    folder: Path,
    prepare: Callable[[Desk], Coroutine[Any, Any, None]],
    *,
    limits: Limits | None = None,
) -> Iterator[str]:
    """Serve a prepared desk and give its address; everything is closed afterwards."""
    opened = bind("127.0.0.1:0")
    ready = threading.Event()
    server: list[tuple[uvicorn.Server, Desk, asyncio.AbstractEventLoop]] = []
    failures: list[BaseException] = []

    async def serve() -> None:
        async with open_desk(folder, limits=limits) as desk:
            await prepare(desk)
            config = uvicorn.Config(desk.app, log_config=None, access_log=False, ws="none")
            server.append((uvicorn.Server(config), desk, asyncio.get_running_loop()))
            ready.set()
            await server[0][0].serve(sockets=[opened])

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:  # noqa: BLE001 - told in the thread that waits
            failures.append(error)
        finally:
            ready.set()

    thread = threading.Thread(target=run, name="api")
    thread.start()
    try:
        assert ready.wait(_WAIT_S)
        assert not failures, failures
        yield "http://{}:{}".format(*opened.getsockname()[:2])
    finally:
        if server:
            running, desk, loop = server[0]
            running.should_exit = True
            if not loop.is_closed():
                loop.call_soon_threadsafe(end_streams, desk.app)
        thread.join(_WAIT_S)
        opened.close()
    assert not failures, failures
