"""`python -m tests.bench.api`: the API at 200 requests a second over 100,000 findings.

The API and the client are processes of their own. Times are from when a request was due,
so a server that falls behind cannot hide it. The limit is p99 <= 50 ms.
"""

from __future__ import annotations

import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Final
from urllib.parse import urlencode

import httpx

from reconciler.api.app import build_app
from reconciler.api.limits import Limits
from reconciler.bootstrap.web import address_of, bind, web_server
from reconciler.domain.model import Fingerprint, Kind, Origin, ResourceAddress, Severity, StackName
from reconciler.domain.principals import Role
from reconciler.domain.records import (
    FindingId,
    FindingRecord,
    FindingState,
    ReportId,
)
from reconciler.stores import Transaction
from tests.api.desk import V1, put_tokens, text_of
from tests.fakes import FakeClock
from tests.unit.engine.house import House, open_house, stack_record

FINDINGS: Final = 100_000
STACKS: Final = 100
RATE_PER_S: Final = 200
SECONDS: Final = 10
LIMIT_MS: Final = 50.0
LISTENERS: Final = 200
_LIMITS: Final = Limits(subscribers_per_token=LISTENERS)
_BATCH: Final = 5_000
_CHANGES: Final = 3


def finding(number: int, clock: FakeClock) -> FindingRecord:
    """Return the finding of that number; all are open, and of every severity."""
    address = ResourceAddress(f"module.net[{number % 7}].aws_security_group.group_{number}")
    change = {
        "path": "ingress[0].cidr_blocks[0]",
        "declared": "10.0.0.0/8",
        "recorded": "10.0.0.0/8",
        "live": "0.0.0.0/0",
        "origin": "out_of_band",
        "sensitive": False,
        "forces_replacement": False,
    }
    return FindingRecord(
        id=FindingId(f"{number * 2654435761 % 2**32:08x}{number:08x}"),
        stack=StackName(f"stack-{number % STACKS:03d}"),
        address=address,
        type="aws_security_group",
        kind=Kind.CHANGED,
        severity=Severity(number % 4 + 1),
        score=number % 100,
        origin=Origin.OUT_OF_BAND,
        fingerprint=Fingerprint(f"{number:064x}"),
        state=FindingState.OPEN,
        first_seen=clock.now() + timedelta(seconds=number),
        last_seen=clock.now() + timedelta(seconds=number),
        times_seen=1,
        report_id=ReportId(f"report-{number}"),
        details={
            "address": address,
            "requires_replace": False,
            "source": {"file": "network.tf", "line": number},
            "changes": [change] * _CHANGES,
            "consequences": [],
            "consequence_of": None,
            "reason": None,
        },
    )


async def fill(house: House, findings: int = FINDINGS) -> None:
    """Leave every stack and that many findings in the store."""
    names = [StackName(f"stack-{number:03d}") for number in range(STACKS)]

    def register(tx: Transaction) -> None:
        for name in names:
            tx.stacks.put(stack_record(name))

    await house.service.store.transact(register)
    for start in range(0, findings, _BATCH):
        batch = [finding(number, house.clock) for number in range(start, start + _BATCH)]
        await house.service.store.transact(lambda tx, batch=batch: tx.findings.put_many(batch))  # type: ignore[misc]


async def serve(folder: Path, findings: int) -> None:
    """Fill a store and answer, until the process is ended; print the address when ready."""
    async with open_house(folder) as house:
        await put_tokens(house)
        began = time.perf_counter()
        await fill(house, findings)
        print(f"filled in {time.perf_counter() - began:.1f} s", file=sys.stderr)
        # The daemon's own socket: one of `create_server` would wait for acknowledgements (Nagle).
        opened = bind("127.0.0.1:0")
        print(address_of(opened), flush=True)
        await web_server(build_app(house.service, limits=_LIMITS, open_metrics=True)).serve(
            sockets=[opened]
        )


class Caller:
    """As little of a client as there can be, so that what is measured is the server."""

    def __init__(self, url: str, path: str, params: dict[str, str]) -> None:
        self._host, _, port = url.removeprefix("http://").partition(":")
        self._port = int(port)
        self._request = (
            f"GET {V1}{path}?{urlencode(params)} HTTP/1.1\r\nHost: bench\r\n"
            f"Authorization: Bearer {text_of(Role.VIEWER)}\r\n\r\n"
        ).encode()
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def ask(self) -> int:
        """Return how many bytes a good answer had."""
        reader, writer = (
            self._idle.pop()
            if self._idle
            else await asyncio.open_connection(self._host, self._port)
        )
        writer.write(self._request)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        assert head.startswith(b"http/1.1 200"), head
        size = int(head.partition(b"content-length:")[2].split(b"\r\n", 1)[0])
        await reader.readexactly(size)
        self._idle.append((reader, writer))
        return size

    def close(self) -> None:
        """Close every connection."""
        for _, writer in self._idle:
            writer.close()


async def load(url: str, path: str, params: dict[str, str]) -> tuple[list[float], int]:
    """Ask `RATE_PER_S` times a second; return each answer's lateness in ms, and its bytes."""
    caller = Caller(url, path, params)
    late: list[float] = []

    async def ask(due: float) -> None:
        await caller.ask()
        late.append((time.perf_counter() - due) * 1000)

    size = await caller.ask()
    start = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for number in range(RATE_PER_S * SECONDS):
            due = start + number / RATE_PER_S
            await asyncio.sleep(max(0.0, due - time.perf_counter()))
            group.create_task(ask(due))
    caller.close()
    return sorted(late), size


def cpu_of(url: str) -> float:
    """Return how many seconds of a core the server has used."""
    text = httpx.get(f"{url}/metrics", timeout=60).text
    (line,) = (one for one in text.splitlines() if one.startswith("process_cpu_seconds_total"))
    return float(line.split()[1])


async def listen(url: str) -> tuple[float, float]:
    """Return the median and the last of `LISTENERS` clients to hear one event, in ms."""
    headers = {"Authorization": f"Bearer {text_of(Role.OPERATOR)}"}
    limits = httpx.Limits(max_connections=LISTENERS + 4)
    heard: list[float] = []
    ready = asyncio.Barrier(LISTENERS + 1)
    began = 0.0
    async with httpx.AsyncClient(
        base_url=url + V1, headers=headers, limits=limits, timeout=30
    ) as client:

        async def hear() -> None:
            async with client.stream("GET", "/events") as stream:
                lines = stream.aiter_lines()
                await anext(lines)
                await ready.wait()
                async for line in lines:
                    if line == "event: hold.set":
                        heard.append((time.perf_counter() - began) * 1000)
                        return

        async with asyncio.TaskGroup() as group:
            for _ in range(LISTENERS):
                group.create_task(hear())
            await ready.wait()
            began = time.perf_counter()
            (await client.post("/hold", json={"reason": "bench"})).raise_for_status()
    return statistics.median(heard), max(heard)


@contextmanager
def served(findings: int = FINDINGS) -> Iterator[str]:
    """Run the API in a process of its own and give its address."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.api", "serve", folder, str(findings)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                yield process.stdout.readline().strip()
            finally:
                process.terminate()
                process.wait(30)


def main() -> int:
    """Measure and print; 1 when the limit is missed."""
    missed = 0
    asked: tuple[tuple[str, str, dict[str, str]], ...] = (
        ("GET /findings?limit=50", "/findings", {"limit": "50"}),
        ("GET /findings?limit=100", "/findings", {"limit": "100"}),
        ("GET /findings, one stack, high", "/findings",
         {"limit": "50", "filter": "stack:stack-042 severity:>=high"}),
        ("GET /findings/ID", f"/findings/{finding(7, FakeClock()).id}", {}),
        ("GET /stacks", "/stacks", {"limit": "100"}),
    )  # fmt: skip
    with served() as url:
        for what, path, params in asked:
            cpu_s = cpu_of(url)
            late, size = asyncio.run(load(url, path, params))
            cpu_ms = (cpu_of(url) - cpu_s) * 1000 / len(late)
            p50, p99 = late[len(late) // 2], late[len(late) * 99 // 100]
            verdict = "met" if p99 <= LIMIT_MS else "NOT MET"
            missed += p99 > LIMIT_MS
            print(
                f"{what} at {RATE_PER_S}/s over {FINDINGS:,} ({size // 1000} kB): p50 {p50:.1f} ms,"
                f" p99 {p99:.1f} ms, most {late[-1]:.1f} ms (<= {LIMIT_MS:.0f}: {verdict});"
                f" {cpu_ms:.1f} ms of a core each"
            )
        median, last = asyncio.run(listen(url))
        print(f"one event to {LISTENERS} streams: median {median:.0f} ms, last {last:.0f} ms")
    return 1 if missed else 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2]), int(sys.argv[3])))
    else:
        sys.exit(main())
