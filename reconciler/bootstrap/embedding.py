"""The engine inside another program: scan, plan and apply, without a daemon.

async with Reconciler.from_config("trueup.toml") as reconciler:
report = await reconciler.scan("webshop")
plan = await reconciler.plan("webshop")
await reconciler.apply(plan, approved_digest=plan.digest)
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from reconciler.bootstrap.adapters import SystemClock, adapter_setup, judging, severity_overrides
from reconciler.bootstrap.baseline_file import kept_in_file
from reconciler.bootstrap.instance import (
    DirectoryBusyError,
    instance_key,
    only_daemon,
    private_folder,
)
from reconciler.bootstrap.targets import Targets, resolve_targets
from reconciler.dispatch.apply_locks import FileApplyLocks, apply_locks_folder
from reconciler.dispatch.runner_process import ProcessRunner
from reconciler.dispatch.sealed_logs import SealedLogs
from reconciler.domain.errors import (
    ConflictError,
    NotFoundError,
    PermanentError,
    ReconcilerError,
)
from reconciler.domain.model import Kind, Origin, ResourceAddress, StackName, StackReport
from reconciler.domain.plan import Plan
from reconciler.domain.records import StackRecord
from reconciler.domain.undeclared_scan import Yardstick
from reconciler.engine.once import apply_once
from reconciler.engine.planning import plan_addresses
from reconciler.engine.scan import Scanning, scan_stack
from reconciler.engine.service import Service
from reconciler.engine.sweep import clear_folders
from reconciler.ports import Failed, IacAdapter, Outcome, StackReference
from reconciler.registry import InstalledTools
from reconciler.settings import Settings
from reconciler.settings_file import data_directory, load_settings
from reconciler.settings_location import find_settings_file
from reconciler.storage.sqlite import open_store
from reconciler.stores import Store

if TYPE_CHECKING:
    from pulumi import automation

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
        if report is None or report.unreadable:
            return False
        # What no plan acts on is no apply's to end.
        return all(finding.origin is Origin.UNDECLARED for finding in report.findings)


class Reconciler:
    """Scans, plans and applies named stacks. Use it as an asynchronous context manager.

    It keeps its warm plugins until it is closed, and its keys, baselines, runs and database in
    `data_dir`. It decides nothing by itself: whoever calls `apply` has approved.
    """

    def __init__(
        self, references: Sequence[StackReference], *, settings: Settings, data_dir: Path
    ) -> None:
        self._references = {reference.name: reference for reference in references}
        self._data_dir = data_dir
        self._key = instance_key(data_dir)
        self._judging = judging(self._key, severity_overrides(settings))
        self._tools = InstalledTools()
        self._adapters: dict[str, IacAdapter] = {}
        self._clock = SystemClock()
        self._applying = asyncio.Lock()

    @classmethod
    def from_config(cls, path: str | Path | None = None) -> Self:
        """Return one for the stacks of a `trueup.toml`: that at `path`, or the nearest.

        Raises:
            PermanentError: it cannot be read, or a stack of it is none.
        """
        file = Path(path) if path is not None else find_settings_file(Path.cwd(), os.environ)
        tools = InstalledTools()
        settings = load_settings(file, os.environ, tools=tools)
        here = file.resolve().parent if file is not None else Path.cwd()
        references = resolve_targets(Targets(), tools=tools, stacks=settings.stacks, here=here)
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

        references = [reference_of(stack, dynamic_providers=dynamic_providers) for stack in stacks]
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
        """Return what one scan of `stack` saw; nothing was changed anywhere.

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
        adapter, runs = self._adapter(reference.tool), self._runs()
        return await plan_addresses(adapter, reference, targets, runs=runs)

    async def apply(self, plan: Plan, *, approved_digest: str) -> Applied:
        """Do what `plan` says, if a plan made now has the digest that was approved.

        The intent is on disk before anything begins, and the tool runs in a process that
        outlives this one.

        Raises:
            ConflictError: another digest was approved (`plan-digest-mismatch`), the plan of
                now is another one or the drift is (`plan-stale`), the kill switch is set
                (`held`), a daemon works on the data directory (`daemon-running`), or an apply
                of the stack is not over (`stack-busy`).
            ReconcilerError: no plan can be made; nothing was done.
        """
        if approved_digest != plan.digest:
            raise ConflictError(
                "the approved digest is not this plan's", code="plan-digest-mismatch",
                remedy="look at the plan again, and approve the digest it has",
            )  # fmt: skip
        if plan.empty:
            raise PermanentError("the plan holds nothing to do", remedy="scan the stack again")
        reference = self._reference(plan.stack)
        # One at a time: the lock would refuse our own second apply as it refuses a stranger's.
        async with self._applying:
            with _sole(self._data_dir):
                store = await open_store(self._data_dir / "trueup.db")
                try:
                    service = self._service(store)
                    await clear_folders(service)
                    outcome = await apply_once(service, _record(reference), plan)
                finally:
                    await store.close()
        return Applied(outcome, await self._verified(reference, outcome, plan))

    def _service(self, store: Store) -> Service:
        return Service(
            store=store,
            clock=self._clock,
            runner=ProcessRunner(),
            logs=SealedLogs(self._key),
            apply_locks=FileApplyLocks(apply_locks_folder(os.environ)),
            adapter_of=lambda record: self._adapter(self._reference(record.name).tool),
            reference_of=lambda record: self._reference(record.name),
            judging=self._judging,
            runs=self._runs(),
        )

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

    async def _drifted(self, stack: str) -> tuple[ResourceAddress, ...]:
        report = await self.scan(stack)
        return tuple(
            finding.address
            for finding in report.findings
            if finding.kind in _CORRECTABLE and finding.origin is not Origin.UNDECLARED
        )

    def _runs(self) -> Path:
        return private_folder(self._data_dir / "runs")

    def _reference(self, stack: str) -> StackReference:
        reference = self._references.get(StackName(stack))
        if reference is None:
            known = ", ".join(self._references) or "none"
            raise NotFoundError(f"no stack is named {stack!r} (stacks: {known})")
        return reference

    def _adapter(self, tool: str) -> IacAdapter:
        if tool not in self._adapters:
            setup = adapter_setup(data_dir=self._data_dir, key=self._key)
            self._adapters[tool] = self._tools.open(tool, setup)
        return self._adapters[tool]

    def _scanning(self, reference: StackReference) -> Scanning:
        return Scanning(
            adapter=self._adapter(reference.tool),
            clock=self._clock,
            judging=self._judging,
            yardstick=Yardstick(kept_in_file(reference, key=self._key)),
        )


def _record(reference: StackReference) -> StackRecord:
    return StackRecord(
        name=reference.name,
        tool=reference.tool,
        directory=str(reference.directory),
        interval=timedelta(minutes=15),
    )


@contextlib.contextmanager
def _sole(data_dir: Path) -> Iterator[None]:
    """Hold the data directory, as a daemon does.

    Raises:
        ConflictError: a daemon has it, or another program that applies (`daemon-running`).
    """
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(only_daemon(data_dir))
        except DirectoryBusyError as error:
            raise ConflictError(
                f"{error}, so only that one applies",
                code="daemon-running",
                remedy="ask the daemon: `trueup remediate FINDING`, `trueup approve REMEDIATION`,"
                " or its REST API",
            ) from error
        yield
