"""A host that nobody touches is in sync for a day, though much on it moves by itself."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from agent.capture import capture
from agent.identity import Identity
from agent.protocol.messages import write
from agent.protocol.tree import Section
from agent.scope import Scope
from tests.api.declared_hosts import declared, findings
from tests.api.desk import Desk
from tests.api.speaking_agent import SpeakingAgent

EVERY = timedelta(minutes=15)
MOTD = "welcome\n"
FORM: dict[str, Any] = {
    "host": "web-1",
    "claims": ["packages"],
    "files": [{"path": "/etc/motd", "sha256": hashlib.sha256(MOTD.encode()).hexdigest()}],
    "packages": [{"name": "nginx", "version": "1.22.1-9"}],
    "sysctl": [{"name": "net.ipv4.ip_forward", "value": "0"}],
}
FOLDERS = (
    "etc", "proc/sys/kernel/random", "proc/sys/fs", "proc/sys/net/ipv4", "proc/self", "proc/net",
    "var/lib/dpkg/info", "var/lib/dpkg/updates",
)  # fmt: skip
STATUS = "Package: nginx\nStatus: install ok installed\nArchitecture: all\nVersion: 1.22.1-9\n\n"


async def test_a_host_that_nobody_touches_gives_no_finding_in_a_day(
    agent: SpeakingAgent, desk: Desk, tmp_path: Path
) -> None:
    root = tmp_path / "root"
    lived = _day(root)
    next(lived)
    epoch = await declared(desk, FORM)
    identity = Identity("https://x", agent.agent_id, "web-1", "00" * 32, 1, "a" * 32, "00" * 32,
                        root=str(root))  # fmt: skip
    state = tmp_path / "state"
    state.mkdir()
    first: dict[str, Section] = {}
    for number in lived:
        seen = dict(capture(identity, Scope(), state=state).sections)
        # The file of leaves is written over at each capture.
        seen["files"] = replace(seen["files"], leaves=dict(seen["files"].leaves))
        report = agent.report(seen, scope=epoch)
        assert number == 0 or len(write(report)) < 256, _moved(first, seen)
        answer = await agent.send(report)
        assert (answer.status_code, await findings(desk)) == (204, [])
        first = first or seen
        agent.held = seen
        desk.clock.move(seconds=EVERY.total_seconds())
    assert first["packages"].leaves == {"nginx": {"version": "1.22.1-9"}}
    assert (await agent.standing())["gaps"] == 0


def _day(root: Path) -> Iterator[int]:
    """Make a host, and let what moves by itself move from one capture to the next."""
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True)
    (root / "etc/motd").write_text(MOTD)
    (root / "var/lib/dpkg/status").write_text(STATUS)
    (root / "proc/sys/net/ipv4/ip_forward").write_text("0\n")
    yield -1
    for number in range(timedelta(days=1) // EVERY):
        (root / "proc/sys/kernel/ns_last_pid").write_text(f"{number}\n")
        (root / "proc/sys/kernel/random/uuid").write_text(f"{number:032}\n")
        (root / "proc/sys/fs/file-nr").write_text(f"{number}\t0\t1000\n")
        os.utime(root / "etc/motd", (number, (root / "etc/motd").stat().st_mtime))
        yield number


def _moved(before: dict[str, Section], now: dict[str, Section]) -> list[str]:
    return [name for name, section in now.items() if before.get(name) != section]
