"""`python -m tests.crashes FOLDER [POINT]`: one correction, ended at each point and taken up again.

Prints one JSON line for each point: its name, whether the process was killed there, and what the
next life found wrong, which must be nothing. With POINT only that.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sqlite3
import sys
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.bootstrap.adapters import judging
from reconciler.domain.guardrails import GuardrailRule
from reconciler.domain.model import StackName
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.domain.records import Remediation, StackRecord
from reconciler.domain.remediation_states import RemediationState
from reconciler.domain.wakeups import AdvanceRemediation
from reconciler.engine.auditing import verify
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_and_decide
from reconciler.engine.service import Service
from reconciler.engine.sweep import recover, sweep
from reconciler.ports import AdapterSetup, StackReference
from reconciler.stores import Transaction
from tests.crashes.points import (
    PointedAdapter,
    PointedLocks,
    PointedLogs,
    PointedRunner,
    PointedStore,
    Points,
)
from tests.empty_database import open_empty_store
from tests.fakes import FakeClock

SHOP: Final = StackName("shop")
KEY: Final = b"k" * 32
DECLARED: Final = {"web": {"size": 1}, "db": {"size": 3}}
DRIFTED: Final = {**DECLARED, "web": {"size": 9}}
NOTES: Final = "notes"
_NOTING: Final = Path(__file__).with_name("noting.py")
_RESULT: Final = "result.json"
_AT_ONCE: Final = 4
_MOST_ROUNDS: Final = 40
_AUTO: Final = Policy(PolicyId("auto"), "auto", ActionType.AUTO_CORRECT)


class Life:
    """One daemon's life over `folder`, as far as its engine goes."""

    def __init__(self, folder: Path, points: Points, *, at: datetime) -> None:
        self.folder = folder
        self.points = points
        self.clock = FakeClock(at)
        self.due: dict[str, None] = {}

    async def run(self, *, first: bool) -> list[str]:
        """Correct what drifted; return what is wrong in the end."""
        store = await open_empty_store(self.folder / "trueup.db")
        service = self._service(PointedStore(store, self.points))
        store.on_wake(self._woken)
        try:
            if first:
                await store.transact(self.registration())
                await scan_and_decide(service, SHOP)
            else:
                await recover(service)
            ended = await self._until_ended(service)
            return [] if first else await self._wrong(service, ended)
        finally:
            await self.close()
            await store.close()

    def registration(self) -> Any:
        """Return what writes the stack and its policy into a new store."""
        return registered(self.folder)

    def amiss(self) -> list[str]:
        """Return what is wrong with the cloud, and with how often the tool was run."""
        wrong = []
        things = json.loads((self.folder / "cloud.json").read_text())["things"]
        if things != DECLARED:
            wrong.append(f"the cloud has {things}")
        notes = (self.folder / NOTES).read_text().split()
        if notes != ["begin", "end"]:
            wrong.append(f"the tool was run otherwise than once: {notes}")
        return wrong

    async def close(self) -> None:
        """Let go of what the tool's adapter keeps."""

    def _service(self, store: PointedStore) -> Service:
        runs = self.folder / "runs"
        runs.mkdir(mode=0o700, exist_ok=True)
        noting = (sys.executable, "-I", "-S", str(_NOTING), str(self.folder / NOTES))
        setup = AdapterSetup(data_dir=self.folder, cache_dir=self.folder, key=KEY)
        adapter = PointedAdapter(setup, self.points, noting)
        return Service(
            store=store,
            clock=self.clock,
            runner=PointedRunner(self.points),
            apply_locks=PointedLocks(self.folder / "applies", self.points),
            adapter_of=lambda _stack: adapter,
            reference_of=lambda stack: StackReference(stack.name, Path(stack.directory), "world"),
            judging=judging(KEY),
            runs=runs,
            logs=PointedLogs(KEY, self.points),
            confirm_after=timedelta(),
            guardrails=(GuardrailRule(limits={"max_percent": 100, "bake": timedelta()}),),
        )

    def _woken(self, wakeups: Any) -> None:
        for wakeup in wakeups:
            if isinstance(wakeup, AdvanceRemediation):
                self.due[wakeup.remediation] = None

    async def _until_ended(self, service: Service) -> Remediation | None:
        for _ in range(_MOST_ROUNDS):
            while self.due:
                remediation_id, _ = self.due.popitem()
                await advance(service, remediation_id)  # type: ignore[arg-type]
            found = await service.store.read(
                lambda view: view.remediations.in_states(tuple(RemediationState))
            )
            done = [one for one in found if one.state is RemediationState.CONVERGED]
            if done:
                return done[-1]
            self.clock.move(seconds=60)
            await scan_and_decide(service, SHOP)
            await sweep(service)
        return None

    async def _wrong(self, service: Service, ended: Remediation | None) -> list[str]:
        wrong = self.amiss()
        if ended is None:
            wrong.append("the correction does not end")
        runs = await service.store.read(lambda view: view.runs.page().items)
        if any(run.ended_at is None for run in runs):
            wrong.append("a run has no end")
        if (await verify(service)).broken is not None:
            wrong.append("the audit does not follow")
        with closing(sqlite3.connect(self.folder / "trueup.db")) as database:
            if database.execute("PRAGMA quick_check").fetchone() != ("ok",):
                wrong.append("the database is damaged")
        left = [file.name for run in (self.folder / "runs").iterdir() for file in run.glob("plan*")]
        if left:
            wrong.append(f"saved plans are left: {left}")
        return wrong


def registered(folder: Path, *, tool: str = "world") -> Any:
    record = StackRecord(SHOP, tool, str(folder), timedelta(minutes=15))

    def work(tx: Transaction) -> None:
        tx.stacks.put(record)
        tx.policies.put(_AUTO)

    return work


def world(folder: Path) -> Path:
    """Return the new `folder` of a life, with a cloud that drifted."""
    folder.mkdir(mode=0o700)
    (folder / "world.json").write_text(json.dumps({"things": DECLARED}))
    (folder / "cloud.json").write_text(json.dumps({"things": DRIFTED}))
    return folder


def lived(folder: Path, kind: type[Life], *, fatal: str | None, first: bool) -> tuple[int, Any]:
    """Live in a process of its own; return how that ended, and what it says."""
    answer = folder / "answer.json"
    child = os.fork()
    if child == 0:
        points = Points(fatal)
        at = datetime.now(UTC) + (timedelta() if first else timedelta(minutes=10))
        wrong = asyncio.run(kind(folder, points, at=at).run(first=first))
        answer.write_text(json.dumps({"passed": points.passed, "wrong": wrong}))
        os._exit(0)
    _, status = os.waitpid(child, 0)
    told = json.loads(answer.read_text()) if answer.exists() else None
    return status, told


def warmed(folder: Path, kind: type[Life]) -> list[str]:
    """Live in this process; return the points that were passed.

    What is forked from it then has each statement and each pattern compiled, for which a process
    of its own takes more than for all the rest of a life.
    """
    points = Points()
    asyncio.run(kind(world(folder), points, at=datetime.now(UTC)).run(first=True))
    return list(dict.fromkeys(points.passed))


def main(
    place: str, only: str | None = None, *, kind: type[Life] = Life, since: str | None = None
) -> None:
    """Find the points by one life that nothing ends; then end one life at each.

    Those before `since` are left out.
    """
    root = Path(place)
    passed = warmed(root / "whole", kind)
    names = [only] if only else passed[passed.index(since) if since else 0 :]
    for result in ended_at_each(root, names, kind):
        print(json.dumps(result), flush=True)


def ended_at_each(root: Path, names: Sequence[str], kind: type[Life]) -> Iterator[dict[str, Any]]:
    """Yield what came of a life that ended at each point, in order.

    Several are under way at once, since a life waits for its tool most of the time: the 42 points
    of a quarantine take 18 s of processor time, and in CI took 151 s one after the other.
    """
    under_way: deque[tuple[int, str, Path]] = deque()
    for number, name in enumerate(names):
        if len(under_way) == _AT_ONCE:
            yield _result(*under_way.popleft())
        folder = world(root / str(number))
        child = os.fork()
        if child == 0:
            (folder / _RESULT).write_text(json.dumps(trial(folder, kind, name)))
            os._exit(0)
        under_way.append((child, name, folder))
    for child, name, folder in under_way:
        yield _result(child, name, folder)


def trial(folder: Path, kind: type[Life], name: str) -> dict[str, Any]:
    """Return what came of a life that ends at point `name`, and of the one after it."""
    status, _ = lived(folder, kind, fatal=name, first=True)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    code, told = lived(folder, kind, fatal=None, first=False)
    wrong = told["wrong"] if code == 0 and told else [f"the next life ended with {code}"]
    return {"point": name, "killed": killed, "wrong": wrong}


def _result(child: int, name: str, folder: Path) -> dict[str, Any]:
    _, status = os.waitpid(child, 0)
    if status:
        return {"point": name, "killed": False, "wrong": [f"the trial ended with {status}"]}
    result: dict[str, Any] = json.loads((folder / _RESULT).read_text())
    return result


if __name__ == "__main__":
    main(*sys.argv[1:])
