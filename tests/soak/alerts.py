"""SIGKILL between sending an alert and noting it: none is lost, and what comes twice says so."""

from __future__ import annotations

import asyncio
import json
import random
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Final, cast

from reconciler.bootstrap.adapters import SystemClock
from reconciler.domain.records import FindingId, FindingState
from reconciler.domain.subscriptions import Subscription
from reconciler.engine.alerting import follow_events
from reconciler.engine.delivering import deliver_due
from reconciler.engine.service import Channel, Service
from reconciler.notify.addresses import ChannelAddress, open_channel
from reconciler.storage.sqlite import open_store
from reconciler.stores import Transaction
from tests.contract.store.records import a_finding, an_event
from tests.receivers.http import Answer, SignedReceiver, receiving

_AT_ONCE: Final = 500
_CHILD_LIMIT_S: Final = 600.0


@dataclass
class _Killing:
    """A receiver that kills the sender after it took a message, and before it says so."""

    service: SignedReceiver
    every: int
    chance: random.Random
    process: subprocess.Popen[bytes] | None = None
    kills: int = 0
    last: dict[str, Any] = field(default_factory=dict)
    """What the sender that was killed last had sent."""
    came: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, path: str, headers: Mapping[str, str], body: bytes) -> Answer:
        with self.lock:
            answer = self.service.take(path, headers, body)
            self.came[headers["webhook-id"]] += 1
            if self.process is not None and self.chance.randrange(self.every) == 0:
                self.process.send_signal(signal.SIGKILL)
                self.process.wait()
                self.process = None
                self.kills += 1
                self.last = json.loads(body)
            return answer


def alert_loop(folder: Path, *, count: int, every: int, seed: int) -> int:
    """Send `count` alerts, killing the sender about once in `every`; 0 when none was lost."""
    print(f"alerts: {count}, a kill about once in {every}, seed {seed}", flush=True)
    started = time.monotonic()
    database = folder / "trueup.db"
    asyncio.run(_seed(database, count))
    receiver = _Killing(SignedReceiver(), every, random.Random(seed))
    healed: set[str] = set()
    with receiving(receiver) as at:
        while _send(database, f"http://{at}/hook", receiver) != 0:
            # Every other time the drift is gone before the next start: its end must be told.
            if receiver.kills % 2 and receiver.last["data"]["still_open"]:
                healed.add(receiver.last["subject"])
                asyncio.run(_heal(database, receiver.last["data"]["members"][0]["finding_id"]))
    newest = {event["subject"]: event["type"] for event in receiver.service.events.values()}
    ended = {subject for subject, type_ in newest.items() if type_.endswith("resolved")}
    twice = sum(times - 1 for times in receiver.came.values())
    print(
        f"{len(newest)} of {count} alerts came, {twice} of them again with the same key, after"
        f" {receiver.kills} kills; {len(ended)} of {len(healed)} that healed after a kill ended,"
        f" in {time.monotonic() - started:.0f} s",
        flush=True,
    )
    # One alert has one message here and one for its end: another key would be another alert.
    keys = len(receiver.service.events)
    return 0 if len(newest) == count and keys == count + len(healed) and ended == healed else 1


def _send(database: Path, url: str, receiver: _Killing) -> int:
    argv = [sys.executable, "-m", "tests.soak.alerts", str(database), url, receiver.service.secret]
    process = subprocess.Popen(argv)
    with receiver.lock:
        receiver.process = process
    code = process.wait(_CHILD_LIMIT_S)
    with receiver.lock:
        receiver.process = None
    if code not in (0, -signal.SIGKILL):
        raise RuntimeError(f"the sender ended with {code}")
    return code


async def _seed(database: Path, count: int) -> None:
    """Let `count` findings with a cause each be told of, after the first look at the stream."""
    store = await open_store(database)
    try:
        await follow_events(_service(store, {}))
        for first in range(0, count, _AT_ONCE):
            numbers = range(first, min(first + _AT_ONCE, count))
            await store.transact(lambda tx, some=numbers: _put(tx, some))  # type: ignore[misc]
    finally:
        await store.close()


async def _heal(database: Path, finding_id: str) -> None:
    def work(tx: Transaction) -> None:
        record = tx.findings.get(FindingId(finding_id))
        assert record is not None
        tx.findings.put_many([replace(record, state=FindingState.HEALED)])
        tx.events.append(an_event(finding_id, type="drift.healed"))

    store = await open_store(database)
    try:
        await store.transact(work)
    finally:
        await store.close()


def _put(tx: Transaction, numbers: range) -> None:
    tx.findings.put_many(
        a_finding(f"f{number}", details={"changes": [{"path": "size", "live": number}]})
        for number in numbers
    )
    for number in numbers:
        tx.events.append(an_event(f"f{number}"))


def _service(store: Any, channels: Mapping[str, Channel]) -> Service:
    """Return what following and delivering ask of a service."""
    service = SimpleNamespace(
        store=store,
        clock=SystemClock(),
        started_at=None,
        channels=channels,
        channels_quiet_until={},
        sending=set(),
        delivering={},
    )
    return cast("Service", service)


async def _deliver_all(database: Path, url: str, secret: str) -> None:
    notifier = open_channel(ChannelAddress("bus", url, secret))
    channels = {"bus": Channel(Subscription("bus", group_wait=timedelta()), notifier)}
    store = await open_store(database)
    service = _service(store, channels)
    try:
        while await follow_events(service):
            pass
        while await deliver_due(service, patience_s=_CHILD_LIMIT_S):
            pass
    finally:
        await notifier.close()
        await store.close()


if __name__ == "__main__":
    asyncio.run(_deliver_all(Path(sys.argv[1]), sys.argv[2], sys.argv[3]))
