"""A daemon that is as strict as the real one about what it tells, refuses and does not know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from reconciler.client import Client
from reconciler.client.errors import ReconcilerError, broken_off, refusal
from reconciler.wire.events import Event
from reconciler.wire.findings import Finding
from reconciler.wire.problems import PROBLEM
from reconciler.wire.remediations import Remediation
from tests.unit.tui.test_store import NOW, drift, remediation
from tui.store import catch_up
from tui.store import pump as pumping

URL: Final = "http://127.0.0.1:7433"
_LAPS: Final = 1000
_BAD_TOKENS: Final = 10
"""As many of an address are refused with 401 in a minute, the others with 429."""


def refused(status: int) -> ReconcilerError:
    """Return the error that the client makes of an answer with `status`."""
    title = {401: "unauthorized", 429: "too-many-requests", 503: "busy"}.get(status, "failed")
    body = {"type": PROBLEM + title, "title": title, "status": status, "detail": f"HTTP {status}"}
    return refusal(URL, status, body)


def cut() -> ReconcilerError:
    """Return the error of a connection that was kept, and closed before its answer."""
    return broken_off(URL)


def a_finding(name: str, severity: str, state: str) -> Finding:
    return Finding(
        id=name, stack="web", address=name, type="t", kind="changed",
        severity=cast("Any", severity), score=1, origin="out_of_band", fingerprint="f",
        state=cast("Any", state), first_seen=NOW, last_seen=NOW, times_seen=1,
        resource_id=name, template_id=None, report_id="r", acted_on=False, healed_at=None,
        seen_by="scan",
    )  # fmt: skip


@dataclass
class Daemon:
    """What is true, the events that tell of it, and answers that take a while to arrive.

    `refusals` are what the next answers are instead, `cuts` what ends the stream that is open.
    With `bad_tokens` the token is not known any more; it counts how often it came.
    """

    delays: list[int] = field(default_factory=lambda: [1])
    open: dict[str, str] = field(default_factory=dict)
    remediations: dict[str, Remediation] = field(default_factory=dict)
    log: list[Event] = field(default_factory=list)
    refusals: list[ReconcilerError] = field(default_factory=list)
    cuts: list[ReconcilerError] = field(default_factory=list)
    bad_tokens: int | None = None
    page: int = 2
    asked: int = 0
    known: set[str] = field(default_factory=set)

    async def on_the_way(self) -> None:
        """Let others go on while an answer that was made is on its way."""
        self.asked += 1
        for _ in range(self.delays[self.asked % len(self.delays)]):
            await asyncio.sleep(0)
        if self.bad_tokens is not None:
            self.bad_tokens += 1
            raise refused(401 if self.bad_tokens <= _BAD_TOKENS else 429)
        if self.refusals:
            raise self.refusals.pop(0)

    def becomes(self, name: str, severity: str | None) -> None:
        """Have the drift of a finding be there, be worse, or be gone."""
        self.known |= {name, *self.open}
        if severity is None:
            if self.open.pop(name, None) is None:
                return
            kind = "healed"
        else:
            kind = "changed" if name in self.open else "detected"
            self.open[name] = severity
        self.log.append(drift(len(self.log) + 1, name, kind, severity or "low"))

    def remediates(self, name: str, state: str, *finding_ids: str) -> None:
        """Have a remediation of these findings come to a state."""
        known = self.remediations.get(name)
        if known is None:
            made_at = NOW + timedelta(seconds=len(self.remediations))
            known = remediation(name, state, *finding_ids, made_at=made_at)
        self.remediations[name] = now = replace(known, state=state)
        body = {
            "id": name, "stack": now.stack, "state": state, "action_type": now.action_type,
            "finding_ids": now.finding_ids, "plan_digest": None, "run_id": None, "note": None,
        }  # fmt: skip
        event = Event(
            seq=len(self.log) + 1, at=NOW, type=f"remediation.{state}", subject=name, body=body
        )
        self.log.append(event)

    async def _finding(self, name: str) -> Finding:
        severity = self.open.get(name)
        missing = severity is None and name not in self.known
        await self.on_the_way()
        if missing:
            raise refused(404)
        return a_finding(name, severity or "low", "open" if severity else "healed")

    async def _findings(self, *, filter: str) -> AsyncIterator[Finding]:  # noqa: A002 - the API's name
        seen = set() if filter == "state:open" else {*self.open}
        while page := sorted(self.open.keys() - seen)[: self.page]:
            items = [a_finding(name, self.open[name], "open") for name in page]
            seen |= {*page}
            await self.on_the_way()
            for item in items:
                yield item

    async def _remediation(self, name: str) -> Remediation:
        found = self.remediations.get(name)
        await self.on_the_way()
        if found is None:
            raise refused(404)
        return found

    async def _remediations(self) -> AsyncIterator[Remediation]:
        """Yield them as the daemon lists them: the newest first, page by page."""
        newest = sorted(self.remediations.values(), key=lambda made: made.created_at, reverse=True)
        for place in range(0, len(newest), self.page):
            names = [made.id for made in newest[place : place + self.page]]
            items = [self.remediations[name] for name in names]
            await self.on_the_way()
            for item in items:
                yield item

    async def _follow(
        self, *, after: int | None, opened: Callable[[], None], **_more: object
    ) -> AsyncIterator[Event]:
        place = len(self.log) if after is None else after
        opened()
        while True:
            if self.cuts:
                raise self.cuts.pop(0)
            while place < len(self.log):
                place += 1
                yield self.log[place - 1]
            await asyncio.sleep(0)

    @property
    def client(self) -> Client:
        async def nothing(*_asked: object, **_more: object) -> AsyncIterator[Any]:
            for item in cast("tuple[Any, ...]", ()):
                yield item

        async def none(**_more: object) -> Any:
            return SimpleNamespace(items=())

        async def no_hold() -> None:
            await self.on_the_way()

        return cast("Client", SimpleNamespace(
            findings=SimpleNamespace(get=self._finding, each=self._findings),
            events=SimpleNamespace(follow=self._follow),
            stacks=SimpleNamespace(each=nothing), policies=SimpleNamespace(each=nothing),
            quarantines=SimpleNamespace(each=nothing),
            remediations=SimpleNamespace(get=self._remediation, each=self._remediations),
            runs=SimpleNamespace(page=none), hold=SimpleNamespace(get=no_hold),
        ))  # fmt: skip


async def until(holds: Callable[[], object]) -> None:
    """Let the others go on until `holds`."""
    for _ in range(_LAPS):
        if holds():
            return
        await asyncio.sleep(0)
    raise AssertionError("it did not come to that")


@contextmanager
def at_once() -> Iterator[None]:
    """Have the pump wait for nothing between two things that it does."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("TICK_S", "FIRST_PAUSE_S", "LONGEST_PAUSE_S", "AGAIN_S", "DENIED_S"):
            patch.setattr(pumping, name, 0)
        for name in ("LATER_S", "FIRST_PAUSE_S", "LONGEST_PAUSE_S", "DENIED_S"):
            patch.setattr(catch_up, name, 0)
        yield
