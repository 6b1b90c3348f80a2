"""kill -9 of the daemon and of agents under load: what was acknowledged is there, each once."""

from __future__ import annotations

import asyncio
import contextlib
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent.differences import changes_between
from agent.protocol.messages import Report, write
from agent.protocol.tree import Section, digests_of, root_digest
from reconciler.bootstrap.instance import instance_key
from reconciler.domain.agents import Agent, AgentState, agent_key
from reconciler.domain.host_baselines import NO_EPOCH
from reconciler.storage.sqlite import open_store
from tests.e2e.lone_daemon import LoneDaemon
from tests.e2e.reporting_host import ROOT, ReportingHost
from tests.report_requests import signed_request

AGENTS = 32
VERSIONS = 50
"""So many forms a host takes in turn; what was kept is held against the form of its number."""

NO_ROOT = root_digest({}).hex()


def _form(version: int) -> dict[str, Section]:
    return {"files": Section("ok", {f"/etc/{n}": {"sha256": f"{version}-{n}"} for n in range(20)})}


FORMS = [_form(version) for version in range(VERSIONS)]
ROOTS = [root_digest(digests_of(form)).hex() for form in FORMS]
CHANGES = [changes_between(FORMS[n - 1], FORMS[n]) for n in range(VERSIONS)]


def root_of(version: int) -> str:
    return ROOTS[version % VERSIONS] if version else NO_ROOT


class Speaker:
    """One agent on one connection; `acknowledged` is the last number it was answered."""

    def __init__(self, number: int, key: bytes, now_s: int, *, rounds: int) -> None:
        self._rounds = rounds
        self.agent_id = f"agent-{number}"
        self.acknowledged = 0
        self._key = agent_key(key, agent_id=self.agent_id, serial=1)
        self._now_s = now_s

    def message(self, seq: int) -> bytes:
        first = changes_between({}, FORMS[seq % VERSIONS]) if seq == 1 else None
        report = Report(
            incarnation="a" * 32,
            seq=seq,
            sent_at=self._now_s,
            age_ms=1,
            nonce="0" * 16,
            scope=NO_EPOCH,
            root=root_of(seq),
            base=root_of(seq - 1),
            sections=first or CHANGES[seq % VERSIONS],
        )
        return signed_request(write(report), agent_id=self.agent_id, key=self._key)

    async def speak(self, port: int) -> None:
        """Send report after report until the other side is gone."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while self.acknowledged < self._rounds:
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
    at = datetime.now(UTC)
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
    speakers: Sequence[Speaker], port: int, *, until: int, kill: Callable[[], object]
) -> None:
    """Let everybody speak; `kill` comes when `until` reports are acknowledged in all."""
    async with asyncio.TaskGroup() as group:
        for speaker in speakers:
            group.create_task(speaker.speak(port))
        group.create_task(_kill_at(speakers, until, kill))


async def _kill_at(speakers: Sequence[Speaker], until: int, kill: Callable[[], object]) -> None:
    while acknowledged_by(speakers) < until:  # noqa: ASYNC110 - counted
        await asyncio.sleep(0.01)
    kill()


def acknowledged_by(speakers: Sequence[Speaker]) -> int:
    return sum(speaker.acknowledged for speaker in speakers)


def daemon_loop(lone: LoneDaemon, *, count: int, kills: int) -> int:
    """Kill the daemon `kills` times while agents send `count` reports; return how many are kept.

    After each kill the disk has what was acknowledged, and at most one more of each agent, whose
    answer was lost.
    """
    rounds = -(-count // AGENTS)
    lone.settings({})
    with lone.serving():
        pass  # it makes its database
    database = lone.data_dir / "trueup.db"
    asyncio.run(enrolled(database))
    key = instance_key(lone.data_dir)
    now_s = int(time.time())
    stored: dict[str, tuple[int, str, int]] = {}
    speakers = [Speaker(number, key, now_s, rounds=rounds) for number in range(AGENTS)]
    for number in range(1, kills + 2):
        with lone.serving() as daemon:
            until = AGENTS * rounds * number // (kills + 1)
            kill = lambda daemon=daemon: daemon.process.send_signal(signal.SIGKILL)  # noqa: E731
            asyncio.run(load(speakers, lone.port, until=until, kill=kill))
            daemon.process.wait()
        stored = asyncio.run(kept(database))
        for speaker in speakers:
            seq, root, gaps = stored[speaker.agent_id]
            assert speaker.acknowledged <= seq <= speaker.acknowledged + 1
            assert (root, gaps) == (root_of(seq), 0)
        print(f"{acknowledged_by(speakers):,} acknowledged and kept after kill {number}")
    assert {seq for seq, _, _ in stored.values()} == {rounds}
    return AGENTS * rounds


def agent_loop(lone: LoneDaemon, host: ReportingHost, *, kills: int, seed: int) -> None:
    """Kill the agent `kills` times while its host changes; in the end the server has the host."""
    chance = random.Random(seed)
    lone.settings({})
    with lone.serving() as daemon:
        host.account()
        host.enroll(daemon)
        for number in range(kills):
            for _ in range(chance.randrange(3)):
                host.write(f"/etc/{chance.randrange(9)}", f"{number}")
            command = [sys.executable, "-m", "agent", "once", f"--state={host.state}"]
            process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL,
                                       stdout=subprocess.DEVNULL)  # fmt: skip
            time.sleep(chance.random() * 1.5)
            process.kill()
            process.wait()
        host.report()
        assert host.report()["turns"] == 1
        (agent,) = daemon.ask("/agents")["items"]
        assert (agent["state"], list((host.state / "spool").glob("*"))) == ("active", [])


def report_loop(folder: Path, *, count: int, kills: int, seed: int) -> int:
    """Do both; return 0, as a law that is broken is an error."""
    for name in ("daemon", "agent"):
        (folder / name).mkdir()
    kept_ones = daemon_loop(
        LoneDaemon(folder / "daemon", folder / "caches"), count=count, kills=kills
    )
    print(f"{kept_ones:,} reports acknowledged, each kept once, over {kills} kills of the daemon")
    host = ReportingHost(folder / "agent" / "web-1")
    agent_loop(LoneDaemon(folder / "agent", folder / "caches"), host, kills=3 * kills, seed=seed)
    print(f"the server has the host after {3 * kills} kills of its agent (--seed {seed})")
    return 0
