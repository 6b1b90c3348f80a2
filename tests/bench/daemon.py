"""`python -m tests.bench.daemon`: the whole daemon at rest with 1,000 stacks, and its stream."""

from __future__ import annotations

import asyncio
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

import httpx
import psutil

from reconciler.domain.model import StackName
from reconciler.domain.records import StackRecord
from reconciler.storage.sqlite import open_store
from reconciler.stores import Transaction
from tests.daemon import Daemon, serving
from tests.ports import free_port

STACKS: Final = 1_000
LISTENERS: Final = 200
_OF_ONE: Final = 20
MOST_OF_A_CORE_PERCENT: Final = 2.0
_SETTLE_S: Final = 5.0
_WATCHED_S: Final = 60.0
_NEWS: Final = 20


def main() -> None:
    """Print what 1,000 stacks cost while none is due, and how fast 200 listeners hear news."""
    with tempfile.TemporaryDirectory(prefix="trueup-bench-") as name:
        folder = Path(name)
        data_dir = folder / "data"
        data_dir.mkdir(mode=0o700)
        settings = folder / "trueup.toml"
        settings.write_text(f'[daemon]\nlisten = "127.0.0.1:{free_port()}"\ndata_dir = "data"\n')
        asyncio.run(_register(data_dir))
        with serving(
            settings, data_dir=data_dir, environment=os.environ, directory=folder
        ) as daemon:
            asyncio.run(_watched(daemon))


async def _watched(daemon: Daemon) -> None:
    process = psutil.Process(daemon.process.pid)
    await _rest(process)
    await _stream(daemon)
    print(f"resident after all that: {process.memory_info().rss / 1e6:.0f} MB")


async def _register(data_dir: Path) -> None:
    store = await open_store(data_dir / "trueup.db")
    now = datetime.now(UTC)

    def work(tx: Transaction) -> None:
        for number in range(STACKS):
            due = now + timedelta(hours=1, seconds=number)
            directory = str(data_dir / f"stack-{number}")
            tx.stacks.put(
                StackRecord(
                    name=StackName(f"stack-{number}"),
                    tool="terraform",
                    directory=directory,
                    interval=timedelta(hours=1),
                    source="api",
                    definition={"directory": directory},
                    next_due_at=due,
                )
            )

    await store.transact(work)
    await store.close()


async def _rest(process: psutil.Process) -> None:
    await asyncio.sleep(_SETTLE_S)
    before, started = process.cpu_times(), time.monotonic()
    await asyncio.sleep(_WATCHED_S)
    after, taken = process.cpu_times(), time.monotonic() - started
    used = (after.user + after.system) - (before.user + before.system)
    print(
        f"{STACKS} stacks, none due, {taken:.0f} s: {100 * used / taken:.2f} % of a core"
        f" (at most {MOST_OF_A_CORE_PERCENT:g} %), {process.memory_info().rss / 1e6:.0f} MB"
    )


async def _stream(daemon: Daemon) -> None:
    """Have every listener hear every piece of news, and print how long the last one waited."""
    headers = {"Authorization": f"Bearer {daemon.token_file.read_text().strip()}"}
    limits = httpx.Limits(max_connections=None)
    async with (
        httpx.AsyncClient(
            base_url=daemon.address, headers=headers, limits=limits, timeout=60
        ) as client,
        AsyncExitStack() as opened,
    ):
        tokens = [await _token(client, number) for number in range(-(-LISTENERS // _OF_ONE))]
        streams = [
            await opened.enter_async_context(_listening(client, tokens[number // _OF_ONE]))
            for number in range(LISTENERS)
        ]
        waits = []
        for number in range(_NEWS):
            started = time.perf_counter()
            method = "POST" if number % 2 == 0 else "DELETE"
            content = b'{"reason": "bench"}' if method == "POST" else None
            json = {"Content-Type": "application/json"}
            answer = await client.request(method, "/api/v1/hold", content=content, headers=json)
            answer.raise_for_status()
            await asyncio.gather(*(_hear(stream) for stream in streams))
            waits.append(time.perf_counter() - started)
    print(
        f"{LISTENERS} listeners, {_NEWS} pieces of news: the last hears it after"
        f" {1000 * statistics.median(waits):.0f} ms (most {1000 * max(waits):.0f} ms)"
    )


async def _token(client: httpx.AsyncClient, number: int) -> str:
    body = {"name": f"listener-{number}", "role": "viewer"}
    answer = await client.post("/api/v1/tokens", json=body)
    answer.raise_for_status()
    made: str = answer.json()["token"]
    return made


@asynccontextmanager
async def _listening(client: httpx.AsyncClient, token: str) -> AsyncIterator[AsyncIterator[str]]:
    headers = {"Authorization": f"Bearer {token}"}
    async with client.stream("GET", "/api/v1/events", headers=headers) as answer:
        answer.raise_for_status()
        yield answer.aiter_lines()


async def _hear(stream: AsyncIterator[str]) -> None:
    async for line in stream:
        if line.startswith("event: hold"):
            return


if __name__ == "__main__":
    main()
