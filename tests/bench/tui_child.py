"""What the terminal benchmark looks at: our fleet table, with rows of no daemon.

It says on file descriptor 3, in lines of JSON, when the data was there.
"""

from __future__ import annotations

import asyncio
import json
import os
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sys import intern
from typing import Any, Final

from reconciler.client import Daemon
from reconciler.client.errors import ReconcilerError
from reconciler.wire.events import Event
from tui.app import TrueupApp
from tui.session import Options, Session
from tui.store.link import Link
from tui.store.pump import TICK_S, Pump
from tui.store.rows import SEVERITIES, Row

_TOLD: Final = 3
_STORM: Final = "/tmp/trueup-bench-storm"
STEP_S: Final = 0.02
_KINDS: Final = ("changed", "missing", "unmanaged")


def row(place: int) -> Row:
    """Return one row; neighbours differ in every column, and words are kept once as of answers."""
    seen = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=place)
    return Row(
        id=f"{place:020x}", stack=intern(f"net-{place % 97}"),
        type=intern(f"aws_thing_{place % 40}"),
        address=f"module.team[{place % 300}].aws_thing_{place % 40}.this[{place}]",
        kind=_KINDS[place % 3], severity=SEVERITIES[place % 4], score=place % 100,
        state="open", origin="out_of_band", paths=("size", "tags.owner")[: place % 3],
        first_seen=seen, last_seen=seen, report_id="r", signature=intern(str(place % 500)),
    )  # fmt: skip


def tell(**what: Any) -> None:
    os.write(_TOLD, (json.dumps(what) + "\n").encode())


def storm_rate() -> int:
    """Return how many updates a second are wanted now."""
    try:
        return int(Path(f"{_STORM}.{os.getpid()}").read_text() or 0)
    except (OSError, ValueError):
        return 0


class Recorded(Pump):
    """The real ticks and the real store over rows that are there at once."""

    count = 0

    async def run(self) -> None:
        store = self._store
        # A second without data, in which a real one asks the daemon and draws its frame.
        await asyncio.sleep(0.5)
        with suppress(ReconcilerError):
            await self._client.whoami()
        await asyncio.sleep(0.5)
        rows = {made.id: made for made in map(row, range(self.count))}
        self.link = Link("live", time.monotonic())
        self.loaded = True
        store.rows = rows
        store.changes.everything = True
        tell(data_at=time.monotonic())
        self._publish(store.taken())
        await asyncio.gather(self._ticks(), self._storm(list(rows)))

    async def _ticks(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            if changes := self._store.taken():
                self._publish(changes)

    async def _storm(self, ids: list[str]) -> None:
        seq = 0
        while True:
            await asyncio.sleep(STEP_S)
            for _ in range(int(storm_rate() * STEP_S)):
                seq += 1
                # Every fourth is of a row on the screen, as where an incident is looked at.
                found = self._store.rows[ids[seq * 7919 % len(ids)]]
                self._store.apply(_event(seq, found))
                self._store.unread.findings.clear()


def _event(seq: int, found: Row) -> Event:
    body = {
        "id": found.id, "stack": found.stack, "address": found.address, "type": found.type,
        "kind": found.kind, "severity": SEVERITIES[seq % 4], "score": seq % 100,
        "state": "open", "report_id": "r",
    }  # fmt: skip
    return Event(seq=seq, at=datetime.now(UTC), type="drift.changed", subject=found.id, body=body)


def main(count: int) -> None:
    """Run ours."""
    Recorded.count = count
    session = Session(Daemon("http://127.0.0.1:9", "tu_bench.none"), Options(read_only=True))
    session.pump = Recorded(session.client, session.store, session._publish, learn=session.learn)
    TrueupApp(session).run()
