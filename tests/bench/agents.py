"""`python -m tests.bench.agents`: reports of agents a second, each on the disk when it is answered.

The daemon's API and the client are processes of their own on the same machine; messages are made
and signed before the clock starts. Limits: 10,000 heartbeats and 5,000 reports of 20 changed
files a second, p99 <= 100 ms, at 64 connections.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

import psutil

from agent.differences import changes_between
from agent.protocol.messages import REPORTS_PATH, Report, write
from agent.protocol.signing import authorization
from agent.protocol.tree import Section, digests_of, root_digest
from reconciler.api.app import build_app
from reconciler.bootstrap.web import address_of, bind, web_server
from reconciler.domain.agents import Agent, AgentState, agent_key
from tests.bench import agent_host
from tests.bench.figures import shown
from tests.unit.engine.house import open_house

AGENTS: Final = 1_024
CONNECTIONS: Final = 64
ROUNDS: Final = 10
FILES: Final = 20
LIMITS: Final = {"heartbeats": 10_000, f"reports of {FILES} changed files": 5_000}
_P99_MS: Final = 100.0
_INCARNATION: Final = "a" * 32
_NO_ROOT: Final = root_digest({}).hex()


def host(version: int) -> dict[str, Section]:
    """Return a host whose every file has changed with `version`."""
    return {
        "files": Section(
            "ok",
            {
                f"/etc/application/conf.d/{number:03}.conf": {
                    "type": "file",
                    "sha256": f"{number * 1000 + version:064x}",
                    "mode": "0644",
                    "owner": "root",
                    "group": "root",
                }
                for number in range(FILES)
            },
        )
    }


class Messages:
    """Requests of every agent in order, ready to be sent."""

    def __init__(self, key: bytes, now_s: int) -> None:
        self._key = key
        self._now_s = now_s
        self._seq = 0

    def changes(self, before: dict[str, Section], after: dict[str, Section]) -> list[bytes]:
        """Return a request of each agent that says that `before` became `after`."""
        report = replace(
            self._report(after),
            base=root_digest(digests_of(before)).hex(),
            sections=changes_between(before, after),
        )
        return self._of_every_agent(report)

    def heartbeats(self, now: dict[str, Section]) -> list[bytes]:
        """Return a heartbeat of each agent."""
        return self._of_every_agent(self._report(now))

    def _report(self, now: dict[str, Section]) -> Report:
        self._seq += 1
        return Report(
            incarnation=_INCARNATION,
            seq=self._seq,
            sent_at=self._now_s,
            age_ms=12,
            nonce="0" * 16,
            scope="0" * 16,
            root=root_digest(digests_of(now)).hex(),
        )

    def _of_every_agent(self, report: Report) -> list[bytes]:
        body = write(report)
        return [self._request(f"agent-{number}", body) for number in range(AGENTS)]

    def _request(self, agent_id: str, body: bytes) -> bytes:
        key = agent_key(self._key, agent_id=agent_id, serial=1)
        signed = authorization(key, agent_id=agent_id, serial=1, path=REPORTS_PATH, body=body)
        head = (
            f"POST {REPORTS_PATH} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            f"Authorization: {signed}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body


async def serve(folder: Path) -> None:
    """Answer for enrolled agents until the process is ended; print address, key and time."""
    async with open_house(folder) as house:
        at = house.clock.now()
        agents = [
            Agent(f"agent-{number}", f"host-{number}", AgentState.ACTIVE, _INCARNATION, at, 300,
                  root=_NO_ROOT, epoch="0" * 16)
            for number in range(AGENTS)
        ]  # fmt: skip
        agents.append(replace(agents[0], agent_id="host-0", host="host-0"))
        await house.service.store.transact(lambda tx: tx.agents.put_many(agents))
        opened = bind("127.0.0.1:0")
        key = house.service.judging.key.hex()
        print(address_of(opened), key, int(at.timestamp()), flush=True)
        await web_server(build_app(house.service)).serve(sockets=[opened])


async def send(address: str, rounds: Sequence[Sequence[bytes]]) -> tuple[float, list[float]]:
    """Send each round, one agent's messages in order; return the seconds and each answer's ms."""
    name, _, port = address.removeprefix("http://").partition(":")
    took: list[float] = []

    async def speak(first: int) -> None:
        reader, writer = await asyncio.open_connection(name, int(port))
        for messages in rounds:
            for message in messages[first::CONNECTIONS]:
                sent = time.perf_counter()
                writer.write(message)
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 204"), head
                took.append((time.perf_counter() - sent) * 1000)
        writer.close()

    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for first in range(CONNECTIONS):
            group.create_task(speak(first))
    return time.perf_counter() - began, sorted(took)


@contextmanager
def served() -> Iterator[tuple[str, bytes, int, psutil.Process]]:
    """Run the API in a process of its own; give its address, instance key, time and process."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "tests.bench.agents", "serve", folder]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout is not None
                address, key, now = process.stdout.readline().split()
                yield address, bytes.fromhex(key), int(now), psutil.Process(process.pid)
            finally:
                process.terminate()
                process.wait(30)


def cpu_s(server: psutil.Process) -> float:
    """Return how many seconds of a core the server has used, whoever else is at work."""
    times = server.cpu_times()
    return float(times.user + times.system)


def main() -> int:
    """Measure and print; 1 when a limit is missed."""
    missed = 0
    with served() as (address, key, now, server):
        messages = Messages(key, now)
        hosts = [host(version) for version in range(ROUNDS + 1)]
        asyncio.run(send(address, [messages.changes({}, hosts[0])]))
        changes = [messages.changes(hosts[n], hosts[n + 1]) for n in range(ROUNDS)]
        beats = [messages.heartbeats(hosts[ROUNDS]) for _ in range(ROUNDS)]
        for what, rounds in ((f"reports of {FILES} changed files", changes), ("heartbeats", beats)):
            before = cpu_s(server)
            seconds, took = asyncio.run(send(address, rounds))
            each_us = (cpu_s(server) - before) / len(took) * 1e6
            rate, p99 = len(took) / seconds, took[int(len(took) * 0.99)]
            met = rate >= LIMITS[what] and p99 <= _P99_MS
            missed += not met
            size = len(rounds[0][0].partition(b"\r\n\r\n")[2])
            print(
                f"{what}: {rate:,.0f}/s (at least {LIMITS[what]:,}), p99"
                f" {shown(p99 / 1000, 's')} (at most 100 ms), {size} bytes each,"
                f" {len(took):,} acknowledged, {each_us:.0f} us of the server's CPU each:"
                f" {'met' if met else 'NOT MET'}",
                flush=True,
            )
        missed += agent_host.measure(address, key, _INCARNATION)
    return int(missed > 0)


if __name__ == "__main__":
    if sys.argv[1:2] == ["serve"]:
        asyncio.run(serve(Path(sys.argv[2])))
    else:
        sys.exit(main())
