"""`python -m tests.bench.agents`: reports of agents a second, each on the disk when it is answered.

The daemon's API and the client are processes of their own on the same machine; messages, each
with its own number, nonce and signature, are made before the clock starts. Limits: 10,000
heartbeats and 5,000 reports of 20 changed files a second, p99 <= 100 ms.
"""

from __future__ import annotations

import asyncio
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import psutil

from agent.differences import changes_between
from agent.protocol.messages import Report, written, written_sections
from agent.protocol.tree import Section, digests_of, root_digest
from reconciler.api.app import build_app
from reconciler.bootstrap.web import address_of, bind, web_server
from reconciler.domain.agents import Agent, AgentState, agent_key
from tests.bench import agent_host
from tests.bench.figures import shown
from tests.bench.report_client import send
from tests.report_requests import signed_request
from tests.unit.engine.house import open_house

AGENTS: Final = 1_024
CONNECTIONS: Final = 128
ROUNDS: Final = 10
FILES: Final = 20
LIMITS: Final = {"heartbeats": 10_000, f"reports of {FILES} changed files": 5_000}
_P99_S: Final = 0.1
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
        report = self._report(after)._replace(
            base=root_digest(digests_of(before)).hex(),
            sections=changes_between(before, after),
        )
        sections = b"".join(written_sections(report.sections))
        return self._of_every_agent(report, [sections])

    def heartbeats(self, now: dict[str, Section]) -> list[bytes]:
        """Return a heartbeat of each agent."""
        return self._of_every_agent(self._report(now), None)

    def _report(self, now: dict[str, Section]) -> Report:
        self._seq += 1
        return Report(
            incarnation=_INCARNATION,
            seq=self._seq,
            sent_at=self._now_s,
            age_ms=12,
            nonce="",
            scope="0" * 16,
            root=root_digest(digests_of(now)).hex(),
        )

    def _of_every_agent(self, report: Report, sections: list[bytes] | None) -> list[bytes]:
        return [
            self._request(
                f"agent-{number}",
                b"".join(written(report._replace(nonce=secrets.token_hex(8)), sections)),
            )
            for number in range(AGENTS)
        ]

    def _request(self, agent_id: str, body: bytes) -> bytes:
        key = agent_key(self._key, agent_id=agent_id, serial=1)
        return signed_request(body, agent_id=agent_id, key=key)


async def serve(folder: Path) -> None:
    """Answer for enrolled agents until the process is ended; print address, key and time."""
    async with open_house(folder) as house:
        at = house.clock.now()
        agents = [
            Agent(f"agent-{number}", f"host-{number}", AgentState.ACTIVE, _INCARNATION, at, 300,
                  root=_NO_ROOT, epoch="0" * 16)
            for number in range(AGENTS)
        ]  # fmt: skip
        agents.append(agents[0]._replace(agent_id="host-0", host="host-0"))
        await house.service.store.transact(lambda tx: tx.agents.put_many(agents))
        opened = bind("127.0.0.1:0")
        key = house.service.judging.key.hex()
        print(address_of(opened), key, int(at.timestamp()), flush=True)
        await web_server(build_app(house.service)).serve(sockets=[opened])


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
        send(address, [messages.changes({}, hosts[0])], connections=CONNECTIONS)
        changes = [messages.changes(hosts[n], hosts[n + 1]) for n in range(ROUNDS)]
        beats = [messages.heartbeats(hosts[ROUNDS]) for _ in range(ROUNDS)]
        for what, rounds in ((f"reports of {FILES} changed files", changes), ("heartbeats", beats)):
            before = cpu_s(server)
            sent = send(address, rounds, connections=CONNECTIONS)
            count = len(sent.took_s)
            each_us = (cpu_s(server) - before) / count * 1e6
            met = sent.rate >= LIMITS[what] and sent.p99_s <= _P99_S
            missed += not met
            size = len(rounds[0][0].partition(b"\r\n\r\n")[2])
            print(
                f"{what}: {sent.rate:,.0f}/s (at least {LIMITS[what]:,}), p99"
                f" {shown(sent.p99_s, 's')} (at most 100 ms), {size} bytes each, {count:,}"
                f" acknowledged on {CONNECTIONS} connections, processor time of each:"
                f" {each_us:.0f} us of the server, {sent.cpu_s / count * 1e6:.0f} us of the client:"
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
