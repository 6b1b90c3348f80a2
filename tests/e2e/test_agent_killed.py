"""kill -9 of the daemon under load of agents: what was acknowledged is there, each once."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from agent.differences import changes_between
from agent.protocol.messages import REPORTS_PATH, Report, write
from agent.protocol.signing import authorization
from agent.protocol.tree import Section, digests_of, root_digest
from reconciler.bootstrap.instance import instance_key
from reconciler.domain.agents import Agent, AgentState, agent_key
from reconciler.domain.host_baselines import NO_EPOCH
from reconciler.storage.sqlite import open_store
from tests.e2e.lone_daemon import LoneDaemon
from tests.fakes import FakeClock

AGENTS = 32
ROUNDS = 60
KILLED_AFTER = 400
"""Acknowledgements; the daemon is killed in the middle of what follows."""

NO_ROOT = root_digest({}).hex()


def host(version: int) -> dict[str, Section]:
    return {"files": Section("ok", {f"/etc/{n}": {"sha256": f"{version}-{n}"} for n in range(20)})}


def root_of(version: int) -> str:
    return root_digest(digests_of(host(version))).hex() if version else NO_ROOT


class Speaker:
    """One agent on one connection; `acknowledged` is the last number it was answered."""

    def __init__(self, number: int, key: bytes, now_s: int) -> None:
        self.agent_id = f"agent-{number}"
        self.acknowledged = 0
        self._key = agent_key(key, agent_id=self.agent_id, serial=1)
        self._now_s = now_s

    def message(self, seq: int) -> bytes:
        before = host(seq - 1) if seq > 1 else {}
        report = Report(
            incarnation="a" * 32,
            seq=seq,
            sent_at=self._now_s,
            age_ms=1,
            nonce="0" * 16,
            scope=NO_EPOCH,
            root=root_of(seq),
            base=root_of(seq - 1),
            sections=changes_between(before, host(seq)),
        )
        body = write(report)
        signed = authorization(
            self._key, agent_id=self.agent_id, serial=1, path=REPORTS_PATH, body=body
        )
        head = (
            f"POST {REPORTS_PATH} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Authorization: {signed}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return head.encode() + body

    async def speak(self, port: int) -> None:
        """Send report after report until the other side is gone."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while self.acknowledged < ROUNDS:
                writer.write(self.message(self.acknowledged + 1))
                head = await reader.readuntil(b"\r\n\r\n")
                assert head.startswith(b"HTTP/1.1 204"), head
                self.acknowledged += 1
        except (OSError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()


async def enrolled(database: Path) -> None:
    """Put agents into the database of a daemon that does not run."""
    at = FakeClock().now()
    agents = [
        Agent(f"agent-{n}", f"host-{n}", AgentState.ACTIVE, "a" * 32, at, 300, root=NO_ROOT,
              epoch=NO_EPOCH)
        for n in range(AGENTS)
    ]  # fmt: skip
    store = await open_store(database)
    await store.transact(lambda tx: tx.agents.put_many(agents))
    await store.close()


async def kept(database: Path) -> dict[str, tuple[int, str, int]]:
    """Return number, root and gaps of each agent as the disk has them."""
    store = await open_store(database)
    try:
        agents = await store.read(lambda view: view.agents.all())
        sections = await store.read(lambda view: view.agents.sections([a.agent_id for a in agents]))
    finally:
        await store.close()
    digests = {section.agent_id: bytes.fromhex(section.digest) for section in sections}
    for agent in agents:
        own = {"files": digests[agent.agent_id]} if agent.agent_id in digests else {}
        assert root_digest(own).hex() == agent.root
    return {agent.agent_id: (agent.seq, agent.root, agent.gaps) for agent in agents}


async def load(
    speakers: Sequence[Speaker], port: int, kill: Callable[[], None] | None = None
) -> None:
    """Let everybody speak; `kill` comes in the middle of it."""
    async with asyncio.TaskGroup() as group:
        for speaker in speakers:
            group.create_task(speaker.speak(port))
        if kill is not None:
            group.create_task(kill_in_the_middle(speakers, kill))


async def kill_in_the_middle(speakers: Sequence[Speaker], kill: Callable[[], None]) -> None:
    while sum(one.acknowledged for one in speakers) < KILLED_AFTER:  # noqa: ASYNC110 - counted
        await asyncio.sleep(0.01)
    kill()


def test_what_was_acknowledged_outlives_kill_9_and_goes_on_from_there(lone: LoneDaemon) -> None:
    lone.settings({})
    with lone.serving():
        pass  # it makes its database
    database = lone.data_dir / "trueup.db"
    asyncio.run(enrolled(database))
    key = instance_key(lone.data_dir)
    with lone.serving() as daemon:
        now_s = int(time.time())
        speakers = [Speaker(number, key, now_s) for number in range(AGENTS)]
        kill = lambda: daemon.process.send_signal(signal.SIGKILL)  # noqa: E731
        asyncio.run(load(speakers, lone.port, kill))
        daemon.process.wait()
    acknowledged = sum(speaker.acknowledged for speaker in speakers)
    stored = asyncio.run(kept(database))
    for speaker in speakers:
        seq, root, gaps = stored[speaker.agent_id]
        # One more may be there: written, and its answer lost.
        assert speaker.acknowledged <= seq <= speaker.acknowledged + 1
        assert (root, gaps) == (root_of(seq), 0)
    with lone.serving():
        asyncio.run(load(speakers, lone.port))
    ended = asyncio.run(kept(database))
    assert set(ended.values()) == {(ROUNDS, root_of(ROUNDS), 0)}
    print(f"{acknowledged} acknowledged before the kill, {AGENTS * ROUNDS} in all, each once")
