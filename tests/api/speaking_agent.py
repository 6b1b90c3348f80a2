"""An agent that says what a test wants it to, right or wrong, signed as the real one signs."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

import httpx

from agent.differences import changes_between
from agent.protocol.messages import REPORTS_PATH, Report, write
from agent.protocol.signing import authorization
from agent.protocol.tree import Section, digests_of, root_digest
from tests.api.desk import V1, Desk

Sections = Mapping[str, Section]
EMPTY = root_digest({}).hex()
ONE = {"files": Section("ok", {"/etc/motd": {"sha256": "1"}})}
TWO = {"files": Section("ok", {"/etc/motd": {"sha256": "2"}, "/etc/new": {"sha256": "3"}})}


def root_of(sections: Sections) -> str:
    return root_digest(digests_of(sections)).hex()


@dataclass(slots=True)
class SpeakingAgent:
    """One enrolled agent; `seq` is the number of its last report."""

    desk: Desk
    agent_id: str
    key: bytes
    incarnation: str = "a" * 32
    serial: int = 1
    seq: int = 0
    held: Sections = field(default_factory=dict)

    @classmethod
    async def enrolled(cls, desk: Desk, host: str = "web-1", **order: Any) -> Self:
        """Enroll a host with a token of its own."""
        body = {"host": host, **order}
        made = await desk.admin.post(f"{V1}/agents/enroll-tokens", json=body)
        asked = {"token": made.json()["token"], "host": host, "incarnation": "a" * 32}
        answer = (await desk.anonymous.post(f"{V1}/agents/enroll", json=asked)).json()
        return cls(desk, answer["agent_id"], bytes.fromhex(answer["key"]))

    def report(self, sections: Sections, **different: Any) -> Report:
        """Return the next report; `different` fields are as a test wants them."""
        self.seq += 1
        root = root_of(sections)
        values: dict[str, Any] = {
            "incarnation": self.incarnation,
            "seq": self.seq,
            "sent_at": int(self.desk.clock.now().timestamp()),
            "age_ms": 5,
            "nonce": "0" * 16,
            "scope": "0" * 16,
            "root": root,
        }
        if sections != self.held:
            values["base"] = root_of(self.held)
            values["sections"] = changes_between(self.held, sections)
            values["dropped"] = [name for name in self.held if name not in sections]
        return Report(**{**values, **different})

    async def send(self, report: Report) -> httpx.Response:
        """Send a report."""
        return await self.post(write(report))

    async def tell(self, sections: Sections) -> httpx.Response:
        """Say what the host is, and remember it where it was taken."""
        answer = await self.send(self.report(sections))
        if answer.is_success:
            self.held = dict(sections)
        return answer

    async def post(
        self,
        body: bytes,
        *,
        media_type: str = "application/json",
        signature: str | None = None,
        chunked: bool = False,
    ) -> httpx.Response:
        """Send bytes, signed as they are; `chunked` without their length."""
        signed = authorization(
            self.key, agent_id=self.agent_id, serial=self.serial, path=REPORTS_PATH, body=body
        )
        headers = {"Authorization": signature or signed, "Content-Type": media_type}
        content = _chunks(body) if chunked else body
        return await self.desk.anonymous.post(REPORTS_PATH, content=content, headers=headers)

    async def post_compressed(self, body: bytes) -> httpx.Response:
        """Send bytes as zlib data."""
        return await self.post(zlib.compress(body, 9), media_type="application/zlib")

    async def standing(self) -> dict[str, Any]:
        """Return what the server says of this agent."""
        listed = (await self.desk.viewer.get(f"{V1}/agents")).json()["items"]
        return next(one for one in listed if one["agent_id"] == self.agent_id)


async def _chunks(body: bytes) -> AsyncIterator[bytes]:
    yield body[:9]
    yield body[9:]


def code_of(answer: httpx.Response) -> str:
    """Return the named reason of a refusal."""
    return str(answer.json()["type"]).rpartition(":")[2]
