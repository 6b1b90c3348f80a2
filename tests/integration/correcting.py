"""What a daemon does to correct drift, step by step and without one."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reconciler.bootstrap.adapters import SystemClock, judging
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.domain.model import ResourceAddress, Snapshot, StackReport
from reconciler.domain.plan import Plan
from reconciler.engine.folders import make_private
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import Exited, IacAdapter, Outcome, RunnerProcess, StackReference, Vanished


@dataclass(frozen=True, slots=True)
class Corrector:
    """One stack, its adapter, and the real runner. `key` is what secrets are digested with."""

    adapter: IacAdapter
    reference: StackReference
    folder: Path
    runner: ProcessRunner
    key: bytes

    async def scan(self) -> StackReport:
        scanning = Scanning(self.adapter, SystemClock(), judging(self.key))
        return await scan_stack(self.reference, scanning=scanning)

    async def plan(self, *addresses: str, name: str = "run") -> tuple[Snapshot, Plan]:
        """Plan `addresses`; the plan is saved in the folder called `name`."""
        snapshot = await self.adapter.load(self.reference)
        make_private(self.run_folder(name))
        wanted = [ResourceAddress(address) for address in addresses]
        return snapshot, await self.adapter.plan(snapshot, wanted, folder=self.run_folder(name))

    async def start(self, snapshot: Snapshot, name: str = "run") -> RunnerProcess:
        folder = self.run_folder(name)
        return await self.runner.start(self.adapter.correction(snapshot, folder=folder), folder)

    async def ended(
        self, process: RunnerProcess, snapshot: Snapshot, name: str = "run"
    ) -> tuple[Exited | Vanished, Outcome]:
        ended = await self.runner.wait(process, self.run_folder(name))
        log = self.run_folder(name) / "log"
        return ended, self.adapter.outcome(snapshot, ended=ended, log=log)

    async def apply(self, snapshot: Snapshot, name: str = "run") -> Outcome:
        """Do what the saved plan says, to its end."""
        _, outcome = await self.ended(await self.start(snapshot, name), snapshot, name)
        return outcome

    async def correct(self, *addresses: str, name: str = "run") -> Outcome:
        snapshot, _ = await self.plan(*addresses, name=name)
        return await self.apply(snapshot, name)

    def run_folder(self, name: str = "run") -> Path:
        return self.folder / name

    def log(self, name: str = "run") -> bytes:
        file = self.run_folder(name) / "log"
        return file.read_bytes() if file.exists() else b""
