"""A tool that goes wrong, and a daemon that is killed: `python -m tests.crashes.faults FOLDER`.

Each fault of `faulty_tool` is met by one life that nothing ends, and by lives that end at the
points on the way: all of them, or as many per fault as `sampled` says. Prints one JSON line for
each: what was hit, and what the last life found wrong, which must be nothing. The person of a
trial does what trueup asks for: approves, puts a state back, retries, stops what hangs.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from iac_adapters.redaction.redactor import redactor_of
from iac_adapters.terraform.outcome import outcome_of
from iac_adapters.terraform.run_log import progress_of
from reconciler.domain.errors import ConflictError
from reconciler.domain.guardrails import GuardrailRule
from reconciler.domain.model import Snapshot, StackName
from reconciler.domain.records import Remediation, RemediationId
from reconciler.domain.remediation_states import OPEN, TERMINAL, RemediationState
from reconciler.engine import decisions, holding
from reconciler.engine.auditing import verify
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_and_decide
from reconciler.engine.service import Service
from reconciler.engine.sweep import recover, sweep
from reconciler.ports import (
    AdapterSetup,
    Exited,
    Outcome,
    Progress,
    RunnerJob,
    Vanished,
)
from tests.crashes.__main__ import DECLARED, KEY, SHOP, Life, lived, registered, warmed
from tests.crashes.faulty_tool import FAULTS, SECRET
from tests.crashes.points import PointedAdapter, PointedStore, Points
from tests.empty_database import open_empty_store

ANN: Final = "ann"
_DRIFTED: Final = {"web": {"size": 9}, "db": {"size": 9}}
_TOOL: Final = Path(__file__).with_name("faulty_tool.py")
_REDACTOR: Final = redactor_of([SECRET], {})
_LIMITS: Final[Mapping[str, Any]] = {
    "max_percent": 100,
    "bake": timedelta(),
    "exception": timedelta(),
    "flaps": 0,
    "fights": 0,
    "failures": 1000,
    "total_failures": 1000,
    "failed_percent": 100,
}
SHOWN: Final = ("fault", "point", "killed", "said", "wrong")
_MOST_ROUNDS: Final = 60
_MOST_MEMORY_MIB: Final = 400
_PART_BYTES: Final = 1 << 20
_ON_THE_WAY: Final = (
    "remediation.applying",
    "runner",
    "run's process",
    "run is known",
    "run.ended",
)
"""What the names of the points hold between which a fault is seen."""


class FaultyAdapter(PointedAdapter):
    """The tool goes wrong once; what it says is judged as terraform's is."""

    def __init__(self, folder: Path, points: Points, fault: str) -> None:
        setup = AdapterSetup(data_dir=folder, cache_dir=folder, key=KEY)
        self._folder = folder
        noting = (sys.executable, "-I", "-S", str(_TOOL), fault, str(folder))
        super().__init__(setup, points, noting)

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        job = super().correction(snapshot, folder=folder)
        asked = {name: os.environ[name] for name in os.environ if name.startswith("TRUEUP_TEST_")}
        argv = (*self._noting, job.argv[-1])
        return RunnerJob(argv, job.directory, asked)

    def progress(self, line: bytes, *, stack: StackName | None = None) -> Progress | None:
        del stack
        return progress_of(line, redactor=_REDACTOR)

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        del snapshot
        return outcome_of(self._folder, tool="terraform", ended=ended, log=log, redactor=_REDACTOR)


class FaultyLife(Life):
    """One daemon's life while its tool goes wrong, with a person who does what is asked for."""

    fault = "lock held"

    async def run(self, *, first: bool) -> list[str]:
        """Live until all is right; return what is wrong then."""
        store = await open_empty_store(self.folder / "trueup.db")
        made = self._service(PointedStore(store, self.points))
        adapter = FaultyAdapter(self.folder, self.points, self.fault)
        limits = (GuardrailRule(limits=_LIMITS),)
        service = replace(made, adapter_of=lambda _stack: adapter, guardrails=limits)
        store.on_wake(self._woken)
        ended = await _ended_ones(service)
        stopping = asyncio.create_task(self._stops_what_hangs(service))
        try:
            if first:
                await store.transact(registered(self.folder))
            await recover(service)
            right = await self._until_right(service)
            await self._keep_what_runs_said(service)
            wrong = [] if right else ["the correction does not end"]
            return [*wrong, *await self._broken(service, ended)]
        finally:
            stopping.cancel()
            await store.close()

    def _woken(self, wakeups: Any) -> None:
        # What is due later is found by a sweep: nothing here waits for the time to come.
        super()._woken([wakeup for wakeup in wakeups if wakeup.due is None])

    async def _until_right(self, service: Service) -> bool:
        for _ in range(_MOST_ROUNDS):
            await scan_and_decide(service, SHOP)
            await sweep(service)
            await self._advance(service)
            await self._person(service)
            await self._advance(service)
            unhealed = await service.store.read(lambda view: view.findings.unhealed(SHOP))
            if not unhealed and self._things() == DECLARED and not await _open_ones(service):
                return True
            self.clock.move(seconds=60)
        return False

    async def _advance(self, service: Service) -> None:
        while self.due:
            name, _ = self.due.popitem()
            await advance(service, RemediationId(name))

    async def _person(self, service: Service) -> None:
        await holding.resume(service, by=ANN)
        for one in await _open_ones(service):
            with suppress(ConflictError):
                if one.state is RemediationState.AWAITING_APPROVAL:
                    digest = one.plan_digest or ""
                    await decisions.approve(service, one.id, plan_digest=digest, actor=ANN)
                    self._note(f"{one.id} {digest}")
                if one.state is RemediationState.NEEDS_HUMAN:
                    (self.folder / "errored.tfstate").unlink(missing_ok=True)
                    await decisions.retry(service, one.id, reason="seen to it", actor=ANN)

    async def _stops_what_hangs(self, service: Service) -> None:
        while True:
            await asyncio.sleep(0.05)
            for one in await _open_ones(service):
                if (self.folder / "hangs").exists() and one.state is RemediationState.APPLYING:
                    with suppress(ConflictError):
                        await decisions.cancel(service, one.id, actor=ANN)

    async def _keep_what_runs_said(self, service: Service) -> None:
        runs = await service.store.read(lambda view: view.runs.page().items)
        (self.folder / "said").write_text("\n".join(run.summary or "" for run in runs))

    def _note(self, acknowledged: str) -> None:
        with (self.folder / "acknowledged").open("a") as notes:
            notes.write(f"{acknowledged}\n")

    def _things(self) -> object:
        return json.loads((self.folder / "cloud.json").read_text())["things"]

    async def _broken(
        self, service: Service, ended: Mapping[RemediationId, RemediationState]
    ) -> list[str]:
        laws = {
            "the cloud is not as declared": self._things() == DECLARED,
            "I1: two applies at once": _alternate(self._words("notes")),
            "I2: an apply began without an intent": await self._all_intended(service),
            "I3, I4: an approval is lost or was used for another plan": await self._approved(
                service
            ),
            "I5: what had ended went on": ended.items() <= (await _ended_ones(service)).items(),
            "I6: the audit does not follow": (await verify(service)).broken is None,
            "I8: a secret was written": not any(SECRET.encode() in part for part in self._kept()),
            "the database is damaged": self._is_whole(),
            "the daemon took too much memory": _memory_mib() < _MOST_MEMORY_MIB,
        }
        broken = [law for law, holds in laws.items() if not holds]
        if not await self._held(service):
            broken.append("I10: an apply began under a hold")
        return broken

    async def _all_intended(self, service: Service) -> bool:
        runs = await service.store.read(lambda view: view.runs.page().items)
        begun = self._words("notes").count("begin")
        return begun <= len(runs) and all(run.ended_at is not None for run in runs)

    async def _approved(self, service: Service) -> bool:
        audited = await service.store.read(lambda view: view.audit.page(limit=500).items)
        approvals = [(one.subject, str(one.details)) for one in audited if one.actor == ANN]
        return all(
            any(subject == name and digest in text for subject, text in approvals)
            for name, digest in (line.split() for line in self._lines("acknowledged"))
        )

    async def _held(self, service: Service) -> bool:
        """Whether nothing begins under a hold, though there is drift."""
        before = self._words("notes")
        await holding.hold(service, by=ANN, reason="the end")
        (self.folder / "cloud.json").write_text(json.dumps({"things": _DRIFTED}))
        for _ in range(3):
            self.clock.move(seconds=60)
            await scan_and_decide(service, SHOP)
            await sweep(service)
            await self._advance(service)
        return self._words("notes") == before

    def _kept(self) -> Iterator[bytes]:
        """Yield what the files hold in parts that overlap: a log of 1 GiB is no daemon's memory."""
        for file in (*self.folder.glob("trueup.db*"), *(self.folder / "runs").rglob("*")):
            if not file.is_file():
                continue
            with file.open("rb") as stream:
                end = b""
                while part := stream.read(_PART_BYTES):
                    yield end + part
                    end = part[-len(SECRET) :]

    def _is_whole(self) -> bool:
        with closing(sqlite3.connect(self.folder / "trueup.db")) as database:
            answer: tuple[str] = database.execute("PRAGMA quick_check").fetchone()
        return answer == ("ok",)

    def _words(self, name: str) -> list[str]:
        return " ".join(self._lines(name)).split()

    def _lines(self, name: str) -> list[str]:
        file = self.folder / name
        return file.read_text().splitlines() if file.exists() else []


async def _open_ones(service: Service) -> tuple[Remediation, ...]:
    return await service.store.read(lambda view: view.remediations.in_states(OPEN))


async def _ended_ones(service: Service) -> dict[RemediationId, RemediationState]:
    found = await service.store.read(lambda view: view.remediations.in_states(TERMINAL))
    return {one.id: one.state for one in found}


def _alternate(words: list[str]) -> bool:
    return words == ["begin", "end"] * (len(words) // 2)


def _memory_mib() -> float:
    size = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return size / 2**20 if sys.platform == "darwin" else size / 2**10


def _world(folder: Path) -> Path:
    folder.mkdir(mode=0o700)
    (folder / "world.json").write_text(json.dumps({"things": DECLARED}))
    (folder / "cloud.json").write_text(json.dumps({"things": _DRIFTED}))
    return folder


def trial(folder: Path, fault: str, point: str | None) -> dict[str, Any]:
    """Return what came of one fault, with a first life that ends at `point` if there is one."""
    _world(folder)
    kind = type("FaultyLife", (FaultyLife,), {"fault": fault})
    status, told = lived(folder, kind, fatal=point, first=True)
    killed = os.WIFSIGNALED(status)
    if killed:
        status, told = lived(folder, kind, fatal=None, first=False)
    wrong = told["wrong"] if told else [f"a life ended with {status}"]
    said = folder / "said"
    result = {
        "fault": fault,
        "point": point,
        "killed": killed,
        "said": said.read_text() if said.exists() else "",
        "wrong": wrong,
        "passed": told["passed"] if told else [],
    }
    if not wrong:
        shutil.rmtree(folder)
    return result


def crossed(
    root: Path, *, faults: list[str], sampled: int | None = None
) -> Iterator[dict[str, Any]]:
    """Yield what came of each fault without a kill, and at its points: `sampled` of them, or all.

    Those that are sampled go on where those of the fault before ended, so that together they
    are many.
    """
    shift = 0
    for number, fault in enumerate(faults):
        whole = trial(root / f"{number}", fault, None)
        yield whole
        points = [
            point
            for point in dict.fromkeys(whole["passed"])
            if any(part in point for part in _ON_THE_WAY)
        ]
        if sampled is not None:
            points = [points[(shift + step) % len(points)] for step in range(sampled)]
            shift += sampled
        for step, point in enumerate(points):
            yield trial(root / f"{number}-{step}", fault, point)


def main(arguments: Sequence[str]) -> int:
    """Print what came of every fault at every point, or of those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.crashes.faults")
    parser.add_argument("folder", type=Path)
    parser.add_argument("fault", nargs="?", choices=list(FAULTS))
    parser.add_argument("point", nargs="?")
    parser.add_argument("--sampled", type=int, help="at so many points for each fault")
    asked = parser.parse_args(arguments)
    faults = [asked.fault] if asked.fault else list(FAULTS)
    warmed(asked.folder / "warm", Life)
    results = (
        iter([trial(asked.folder / "alone", asked.fault, asked.point)])
        if asked.point
        else crossed(asked.folder, faults=faults, sampled=asked.sampled)
    )
    broken = 0
    for result in results:
        broken += bool(result["wrong"])
        print(json.dumps({key: result[key] for key in SHOWN}), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
