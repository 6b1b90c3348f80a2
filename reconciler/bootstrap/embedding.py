"""The engine inside another program: scan, plan and apply, without a daemon.

async with Reconciler.from_config("trueup.toml") as reconciler:
report = await reconciler.scan("webshop")
plan = await reconciler.plan("webshop")
await reconciler.apply(plan, approved_digest=plan.digest)
"""

from __future__ import annotations

import asyncio
import json
import os
import secrets
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from reconciler.bootstrap.adapters import SystemClock, judging, open_adapter, severity_overrides
from reconciler.bootstrap.instance import instance_key
from reconciler.bootstrap.targets import Targets, resolve_targets
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.dispatch.sealed_logs import SealedLogs
from reconciler.domain.errors import (
    ConflictError,
    InDoubtError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
)
from reconciler.domain.model import Kind, ResourceAddress, Snapshot, StackName, StackReport
from reconciler.domain.plan import Plan
from reconciler.engine.folders import drop, drop_plans, make_private
from reconciler.engine.guards import hold_ended
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.ports import (
    Exited,
    Failed,
    IacAdapter,
    NeverBegun,
    Outcome,
    StackReference,
    Vanished,
)
from reconciler.settings import Settings, data_directory, find_settings_file, load_settings
from reconciler.storage.sqlite import open_store

if TYPE_CHECKING:
    from pulumi import automation

_PLANNED_WITHIN_S: Final = 24 * 3600.0
_CORRECTABLE: Final = (Kind.CHANGED, Kind.MISSING)


@dataclass(frozen=True, slots=True)
class Applied:
    """What an apply came to, and what a fresh read of its addresses showed afterwards.

    `report` is None where nothing was changed, and where the stack could not be read.
    """

    outcome: Outcome
    report: StackReport | None

    @property
    def converged(self) -> bool:
        """Whether that read showed no drift any more, and nothing was unreadable."""
        report = self.report
        return report is not None and not report.findings and not report.unreadable


class Reconciler:
    """Scans, plans and applies named stacks. Use it as an asynchronous context manager.

    It keeps its warm plugins until it is closed, and its keys, baselines and runs in
    `data_dir`. It decides nothing by itself: whoever calls `apply` has approved.
    """

    def __init__(
        self, references: Sequence[StackReference], *, settings: Settings, data_dir: Path
    ) -> None:
        self._references = {reference.name: reference for reference in references}
        self._data_dir = data_dir
        self._key = instance_key(data_dir)
        self._judging = judging(self._key, severity_overrides(settings))
        self._adapters: dict[str, IacAdapter] = {}
        self._clock = SystemClock()

    @classmethod
    def from_config(cls, path: str | Path | None = None) -> Self:
        """Return one for the stacks of a `trueup.toml`: that at `path`, or the nearest.

        Raises:
            PermanentError: it cannot be read, or a stack of it is none.
        """
        file = Path(path) if path is not None else find_settings_file(Path.cwd(), os.environ)
        settings = load_settings(file, os.environ)
        here = file.resolve().parent if file is not None else Path.cwd()
        references = resolve_targets(Targets(), stacks=settings.stacks, here=here)
        data_dir = data_directory(settings, os.environ)
        return cls(references, settings=settings, data_dir=data_dir)

    @classmethod
    def for_pulumi(
        cls,
        *stacks: automation.Stack,
        data_dir: Path | None = None,
        dynamic_providers: bool = False,
    ) -> Self:
        """Return one for stacks of Pulumi's Automation API, inline programs included."""
        from iac_adapters.pulumi.automation import reference_of  # noqa: PLC0415 - loads the SDK

        references = [reference_of(one, dynamic_providers=dynamic_providers) for one in stacks]
        settings = Settings()
        where = data_dir or data_directory(settings, os.environ)
        return cls(references, settings=settings, data_dir=where)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """End every process that was started; closing twice is closing once."""
        for adapter in self._adapters.values():
            await adapter.close()

    @property
    def stacks(self) -> tuple[StackName, ...]:
        """The names of all stacks, as `scan` and `plan` take them."""
        return tuple(self._references)

    async def scan(self, stack: str, *, addresses: Sequence[str] = ()) -> StackReport:
        """Return what one pass over `stack` saw; nothing was changed anywhere.

        Raises:
            ReconcilerError: the stack is not known or not usable; the message says why.
        """
        reference = self._reference(stack)
        return await scan_stack(reference, scanning=self._scanning(reference), addresses=addresses)

    async def plan(self, stack: str, *, addresses: Sequence[str] = ()) -> Plan:
        """Return what correcting `addresses` would do; of everything found drifted by default.

        Raises:
            ReconcilerError: no plan can be made; the message says why.
        """
        reference = self._reference(stack)
        targets = tuple(map(ResourceAddress, addresses)) or await self._drifted(stack)
        if not targets:
            return Plan(stack=reference.name, targets=(), resources=())
        folder = self._folder("plan-")
        try:
            adapter = self._adapter(reference.tool)
            return await adapter.plan(await adapter.load(reference), targets, folder=folder)
        finally:
            drop(folder)

    async def apply(self, plan: Plan, *, approved_digest: str) -> Applied:
        """Do what `plan` says, if a plan made now has the digest that was approved.

        The intent is on disk before anything begins, and the tool runs in a process that
        outlives this one.

        Raises:
            ConflictError: another digest was approved (`plan-digest-mismatch`), the plan of
                now is another one (`plan-stale`), or the kill switch is set (`held`).
            ReconcilerError: no plan can be made, or the tool could not be started.
        """
        if approved_digest != plan.digest:
            raise ConflictError(
                "the approved digest is not this plan's", code="plan-digest-mismatch",
                remedy="look at the plan again, and approve the digest it has",
            )  # fmt: skip
        if plan.empty:
            raise PermanentError("the plan holds nothing to do", remedy="scan the stack again")
        await self._refuse_when_held()
        reference = self._reference(plan.stack)
        folder, runner = self._folder(""), ProcessRunner()
        try:
            snapshot = await self._planned_anew(reference, plan, folder)
            await self._refuse_when_held()
            self._note_intent(folder, plan)
            job = self._adapter(reference.tool).correction(snapshot, folder=folder)
            process = await runner.start(job, folder)
        except InDoubtError:
            raise  # somebody may be at work in that folder
        except BaseException:
            drop(folder)
            raise
        ended = await runner.wait(process, folder)
        log = folder / "log"
        outcome = self._adapter(reference.tool).outcome(snapshot, ended=ended, log=log)
        drop_plans(folder)
        await asyncio.to_thread(SealedLogs(self._key).seal, log)
        return Applied(outcome, await self._verified(reference, outcome, plan))

    async def _planned_anew(self, reference: StackReference, plan: Plan, folder: Path) -> Snapshot:
        """Save in `folder` the plan of now, which must be `plan`."""
        adapter = self._adapter(reference.tool)
        snapshot = await adapter.load(reference)
        fresh = await adapter.plan(snapshot, plan.targets, folder=folder)
        if fresh.digest != plan.digest:
            raise ConflictError(
                "the world or the code moved on since the plan was made", code="plan-stale",
                remedy="make a new plan, and look at it before you approve it",
            )  # fmt: skip
        return snapshot

    async def _verified(
        self, reference: StackReference, outcome: Outcome, plan: Plan
    ) -> StackReport | None:
        # Done or in doubt: only a fresh read can tell.
        if isinstance(outcome, Failed):
            return None
        scanning = self._scanning(reference)
        try:
            return await scan_stack(reference, scanning=scanning, addresses=plan.targets)
        except ReconcilerError:
            return None  # what was done stays done, whether or not it can be seen now

    async def _refuse_when_held(self) -> None:
        database = self._data_dir / "trueup.db"
        if not database.is_file():
            return
        store = await open_store(database)
        try:
            hold = await store.read(lambda view: view.holds.get())
        finally:
            await store.close()
        if hold is not None and not hold_ended(hold, now=self._clock.now()):
            raise ConflictError(
                f"{hold.by} holds everything: {hold.reason}", code="held",
                remedy="`trueup resume` lets corrections begin again",
            )  # fmt: skip

    async def _drifted(self, stack: str) -> tuple[ResourceAddress, ...]:
        report = await self.scan(stack)
        return tuple(one.address for one in report.findings if one.kind in _CORRECTABLE)

    def _note_intent(self, folder: Path, plan: Plan) -> None:
        """Leave on disk what is about to be done, before it is."""
        intent = {
            "stack": plan.stack,
            "targets": list(plan.targets),
            "plan_digest": plan.digest,
            "at": self._clock.now().isoformat(),
        }
        with (folder / "intent.json").open("w", encoding="utf-8") as file:
            json.dump(intent, file)
            file.flush()
            os.fsync(file.fileno())

    def _folder(self, prefix: str) -> Path:
        runs = self._data_dir / "runs"
        runs.mkdir(mode=0o700, exist_ok=True)
        _drop_left_behind(runs)
        folder = runs / f"{prefix}embedded-{secrets.token_hex(8)}"
        make_private(folder)
        return folder

    def _reference(self, stack: str) -> StackReference:
        reference = self._references.get(StackName(stack))
        if reference is None:
            known = ", ".join(self._references) or "none"
            raise NotFoundError(f"no stack is named {stack!r} (stacks: {known})")
        return reference

    def _adapter(self, tool: str) -> IacAdapter:
        if tool not in self._adapters:
            self._adapters[tool] = open_adapter(tool, data_dir=self._data_dir, key=self._key)
        return self._adapters[tool]

    def _scanning(self, reference: StackReference) -> Scanning:
        return Scanning(
            adapter=self._adapter(reference.tool), clock=self._clock, judging=self._judging
        )


def _drop_left_behind(runs: Path) -> None:
    """Remove the plans whose run has ended, or never began: whoever made them may have died."""
    for folder in runs.glob("*embedded-*"):
        state = ProcessRunner().state(None, folder)
        if isinstance(state, Exited | Vanished):
            drop_plans(folder)
        elif isinstance(state, NeverBegun) and _is_abandoned(folder):
            drop(folder)


def _is_abandoned(folder: Path) -> bool:
    """Whether it is too old for somebody to be planning in it still."""
    try:
        return time.time() - folder.stat().st_mtime > _PLANNED_WITHIN_S
    except FileNotFoundError:
        return False
