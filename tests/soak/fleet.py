"""A fleet of agents before one daemon: all is taken, and the daemon's memory stays flat.

Each agent reports every minute on a connection of its own, as the real one does, and says again
what was not answered; one report in twenty says that files changed.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import psutil

from agent.differences import changes_between
from agent.protocol.messages import Report, write
from reconciler.bootstrap.instance import instance_key
from reconciler.domain.agents import Agent, AgentState, agent_key
from reconciler.domain.host_baselines import NO_EPOCH
from reconciler.storage.sqlite import open_store
from tests.e2e.lone_daemon import LoneDaemon
from tests.report_requests import signed_request
from tests.soak.agents import CHANGES, FORMS, NO_ROOT, ROOTS, VERSIONS

EVERY_S: Final = 60.0
_CHANGED_SHARE: Final = 0.05
_WARM_SHARE: Final = 1 / 3
_ROOM_MB: Final = 8.0
_AGAIN_S: Final = 5.0
_TAKEN: Final = b"HTTP/1.1 204 "


@dataclass(slots=True)
class FleetAgent:
    """One agent: the number of its last report, and which form its host has; -1 for none."""

    agent_id: str
    key: bytes
    seq: int = 0
    acknowledged: int = 0
    version: int = -1

    def report(self, *, changed: bool) -> Report:
        """Return the next report."""
        self.seq += 1
        before = _root(self.version)
        sections = {}
        if changed:
            first = self.version < 0
            self.version = (self.version + 1) % VERSIONS
            sections = dict(changes_between({}, FORMS[0]) if first else CHANGES[self.version])
        return Report(
            incarnation="a" * 32,
            seq=self.seq,
            sent_at=int(time.time()),
            age_ms=1,
            nonce=f"{random.getrandbits(64):016x}",
            scope=NO_EPOCH,
            root=_root(self.version),
            base=before if changed else None,
            sections=sections,
        )


@dataclass(slots=True)
class Tally:
    """What the fleet saw, and how much memory the daemon had each second."""

    took_s: list[float] = field(default_factory=list)
    megabytes: list[float] = field(default_factory=list)
    said_again: int = 0
    failures: list[str] = field(default_factory=list)


def fleet_loop(folder: Path, *, count: int, minutes: float) -> int:
    """Let `count` agents report for `minutes`; 0 when all was taken and the memory is flat."""
    lone = LoneDaemon(folder, folder / "caches")
    lone.settings({})
    with lone.serving():
        pass  # it makes its database
    key = instance_key(lone.data_dir)
    fleet = [
        FleetAgent(name, agent_key(key, agent_id=name, serial=1))
        for name in (f"agent-{number:05}" for number in range(count))
    ]
    asyncio.run(_enrolled(lone.data_dir / "trueup.db", fleet))
    with lone.serving() as daemon:
        process = psutil.Process(daemon.process.pid)
        before = process.cpu_times()
        began = time.monotonic()
        tally = asyncio.run(_speak(fleet, lone.port, process, seconds=minutes * 60))
        seconds = time.monotonic() - began
        after = process.cpu_times()
    cores = (after.user + after.system - before.user - before.system) / seconds
    broken = [*tally.failures[:5], *asyncio.run(_not_kept(lone.data_dir / "trueup.db", fleet))]
    warm = tally.megabytes[int(len(tally.megabytes) * _WARM_SHARE)]
    last, took = tally.megabytes[-1], sorted(tally.took_s)
    print(
        f"{count:,} agents for {seconds / 60:.1f} minutes: {len(took):,} reports taken,"
        f" {tally.said_again} said again,"
        f" p99 {took[int(len(took) * 0.99)] * 1000:.0f} ms, {cores:.2f} of a core;"
        f" {warm:.1f} MB after a third, {last:.1f} MB at the end,"
        f" {max(tally.megabytes):.1f} MB at most"
    )
    if last > warm + _ROOM_MB:
        broken.append(f"memory grew by {last - warm:.1f} MB")
    print(f"broken: {broken or 'none'}", flush=True)
    return 1 if broken else 0


async def _speak(
    fleet: Sequence[FleetAgent], port: int, process: psutil.Process, *, seconds: float
) -> Tally:
    tally = Tally()
    ends = time.monotonic() + seconds
    async with asyncio.TaskGroup() as group:
        for agent in fleet:
            group.create_task(_of_one(agent, port, tally, ends=ends))
        while time.monotonic() < ends:
            tally.megabytes.append(process.memory_info().rss / 1e6)
            await asyncio.sleep(1)
    return tally


async def _of_one(agent: FleetAgent, port: int, tally: Tally, *, ends: float) -> None:
    await asyncio.sleep(random.random() * EVERY_S)
    while time.monotonic() < ends:
        report = agent.report(changed=random.random() < _CHANGED_SHARE)
        request = signed_request(write(report), agent_id=agent.agent_id, key=agent.key)
        while not await _is_taken(agent, port, request, tally):
            tally.said_again += 1
            await asyncio.sleep(_AGAIN_S * (1 + random.random()))
            if time.monotonic() > ends or tally.failures:
                return
        await asyncio.sleep(EVERY_S * (1 + random.random() / 10))


async def _is_taken(agent: FleetAgent, port: int, request: bytes, tally: Tally) -> bool:
    """Whether it was acknowledged; where the daemon is too busy it ends the connection."""
    began = time.monotonic()
    try:
        answer = await _answer(port, request)
    except (OSError, asyncio.IncompleteReadError):
        return False
    if not answer.startswith(_TAKEN):
        tally.failures.append(f"{agent.agent_id}: {answer[:200]!r}")
        return False
    tally.took_s.append(time.monotonic() - began)
    agent.acknowledged = agent.seq
    return True


async def _answer(port: int, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        return await reader.readuntil(b"\r\n\r\n")
    finally:
        writer.close()


async def _enrolled(database: Path, fleet: Sequence[FleetAgent]) -> None:
    at = datetime.now(UTC)
    agents = [
        Agent(agent.agent_id, agent.agent_id, AgentState.ACTIVE, "a" * 32, at, int(EVERY_S),
              root=NO_ROOT, epoch=NO_EPOCH)
        for agent in fleet
    ]  # fmt: skip
    store = await open_store(database)
    await store.transact(lambda tx: tx.agents.put_many(agents))
    await store.close()


async def _not_kept(database: Path, fleet: Sequence[FleetAgent]) -> list[str]:
    store = await open_store(database)
    try:
        kept = {agent.agent_id: agent for agent in await store.read(lambda view: view.agents.all())}
    finally:
        await store.close()
    # The answer to the last one may have been lost.
    return [
        f"{agent.agent_id}: {agent.acknowledged} was acknowledged, {found.seq} is kept"
        for agent in fleet
        if (found := kept[agent.agent_id]).seq not in {agent.acknowledged, agent.seq}
        or (found.seq == agent.seq and found.root != _root(agent.version))
    ][:5]


def _root(version: int) -> str:
    return ROOTS[version] if version >= 0 else NO_ROOT
