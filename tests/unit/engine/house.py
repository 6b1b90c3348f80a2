"""A daemon without its loop: the real engine and store over a world in memory."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from reconciler.bootstrap.adapters import judging
from reconciler.bootstrap.options import checked_options
from reconciler.dispatch.apply_locks import FileApplyLocks
from reconciler.dispatch.embedded import EmbeddedDispatcher
from reconciler.dispatch.sealed_logs import SealedLogs
from reconciler.domain.guardrails import GuardrailRule
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType, Policy, PolicyId, Selection
from reconciler.domain.records import (
    FindingRecord,
    Remediation,
    RemediationId,
    Run,
    StackRecord,
)
from reconciler.domain.remediation_states import OPEN, RemediationState
from reconciler.domain.stack_definition import options_in
from reconciler.domain.wakeups import WakeUp
from reconciler.engine.remediate import advance
from reconciler.engine.scheduled_scan import scan_and_decide, scan_when_due
from reconciler.engine.service import Service
from reconciler.engine.sweep import sweep
from reconciler.ports import StackReference
from reconciler.registry import InstalledTools
from reconciler.stores import Store, Transaction
from tests.empty_database import open_empty_store
from tests.fake_world import World, WorldAdapter, WorldRunner
from tests.fakes import FakeClock, FakeDispatcher
from tests.patience import PATIENCE_S

T = TypeVar("T")
SHOP = StackName("shop")
# One for all, as a daemon has: looking for adapters reads the files of each distribution.
TOOLS = InstalledTools()
A, B, C = (ResourceAddress(f"thing.{name}") for name in "abc")
AUTO = Policy(PolicyId("auto"), "auto", ActionType.AUTO_CORRECT)
MANUAL = Policy(PolicyId("manual"), "manual", ActionType.MANUAL_REVIEW)
QUARANTINE = Policy(PolicyId("quarantine"), "quarantine", ActionType.QUARANTINE)


@dataclass(slots=True)
class House:
    """A service over one or more worlds, and short words for what tests do with it."""

    service: Service
    worlds: dict[StackName, World]
    adapter: WorldAdapter
    runner: WorldRunner
    clock: FakeClock
    wake_ups: FakeDispatcher

    @property
    def world(self) -> World:
        return self.worlds[SHOP]

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.service.store.read(work)

    async def put(self, *policies: Policy) -> None:
        def work(tx: Transaction) -> None:
            for policy in policies:
                tx.policies.put(policy)

        await self.service.store.transact(work)

    def limit(self, **limits: object) -> None:
        """Let these limits hold from now on, in every stack."""
        self.service.guardrails = (GuardrailRule(limits=limits),)

    async def stack(self, name: StackName = SHOP) -> StackRecord:
        found = await self.read(lambda view: view.stacks.get(name))
        assert found is not None
        return found

    async def scan(self, name: StackName = SHOP, **span: float) -> timedelta | None:
        """Scan after `span`, and walk what it woke."""
        self.clock.move(**(span or {"seconds": 1}))
        after = await scan_and_decide(self.service, name)
        await self.settle()
        return after

    async def settle(self) -> None:
        """Walk every remediation that was woken, until none is due."""
        while self.wake_ups.advances:
            for remediation_id in list(self.wake_ups.advances):
                self.wake_ups.advances.pop(remediation_id, None)
                await advance(self.service, remediation_id)

    def woken(self, wakeups: Sequence[WakeUp]) -> None:
        """Pass on what the store says after a commit."""
        self.wake_ups.wake(wakeups)

    @asynccontextmanager
    async def dispatching(self) -> AsyncIterator[EmbeddedDispatcher]:
        """Give the dispatcher of a real daemon, which takes every wake-up from now on."""
        failures: list[BaseException] = []
        made = EmbeddedDispatcher(
            clock=self.clock, failed=lambda _key, error: failures.append(error)
        )
        made.start(
            scan=lambda name: scan_when_due(self.service, name),
            advance=lambda remediation_id: advance(self.service, remediation_id),
        )
        end = self.service.store.on_wake(made.wake)
        try:
            yield made
        finally:
            end()
            await made.close()
        assert failures == []

    def forget_wakeups(self) -> None:
        """Lose every wake-up, as a daemon does that is killed."""
        self.wake_ups = FakeDispatcher()

    async def later(self, **span: float) -> None:
        """Let time go by, and walk what a sweep then finds."""
        self.clock.move(**span)
        await sweep(self.service)
        await self.settle()

    async def remediations(self, *states: RemediationState) -> tuple[Remediation, ...]:
        wanted = states or tuple(RemediationState)
        return await self.read(lambda view: view.remediations.in_states(wanted))

    async def the_open(self) -> Remediation:
        (only,) = await self.remediations(*OPEN)
        return only

    async def remediation(self, remediation_id: RemediationId) -> Remediation:
        found = await self.read(lambda view: view.remediations.get(remediation_id))
        assert found is not None
        return found

    async def findings(self, name: StackName = SHOP) -> tuple[FindingRecord, ...]:
        return await self.read(lambda view: view.findings.unhealed(name))

    async def process_known(self) -> Run:
        """Return the only run, once it is known which process it is."""
        async with asyncio.timeout(PATIENCE_S):
            while not (runs := await self.runs()) or runs[0].pid is None:  # noqa: ASYNC110
                await asyncio.sleep(0)
        return runs[0]

    async def runs(self) -> tuple[Run, ...]:
        return await self.read(lambda view: view.runs.page().items)

    async def events(self) -> list[str]:
        entries = await self.read(lambda view: view.events.after(0))
        return [entry.type for entry in entries]

    async def actions(self) -> list[str]:
        """Return what was audited, oldest first."""
        page = await self.read(lambda view: view.audit.page(limit=500))
        return [entry.action for entry in reversed(page.items)]


def stack_record(name: StackName = SHOP, **more: object) -> StackRecord:
    record = StackRecord(
        name=name, tool="terraform", directory=f"/stacks/{name}", interval=timedelta(minutes=15)
    )
    return replace(record, **more)  # type: ignore[arg-type]


def reference_of(stack: StackRecord) -> StackReference:
    given = options_in(stack.definition)
    options = checked_options("terraform", given, tools=TOOLS, place=stack.name)
    return StackReference(stack.name, Path(stack.directory), "terraform", options=options)


@asynccontextmanager
async def open_house(
    folder: Path,
    worlds: dict[StackName, World] | None = None,
    *,
    kept_in: Store | None = None,
    **more: object,
) -> AsyncIterator[House]:
    """Give a house with one stack, `shop`, whose resources a, b and c are in sync."""
    kept = worlds or {SHOP: World.in_sync(a={"size": 1}, b={"size": 1}, c={"size": 1})}
    clock, wake_ups = FakeClock(), FakeDispatcher()
    adapter, runner = WorldAdapter(kept), WorldRunner(kept, clock)
    runs = folder / "runs"
    runs.mkdir(mode=0o700, exist_ok=True)
    store = kept_in or await open_empty_store(folder / "trueup.db")
    service = Service(
        store=store,
        clock=clock,
        runner=runner,
        apply_locks=FileApplyLocks(folder / "applies"),
        adapter_of=lambda _stack: adapter,
        reference_of=reference_of,
        judging=judging(b"k" * 32),
        runs=runs,
        logs=SealedLogs(b"k" * 32),
        roots=(Path("/"),),
    )
    service = replace(service, **more)  # type: ignore[arg-type]
    try:
        for name in kept:
            await store.transact(lambda tx, name=name: tx.stacks.put(stack_record(name)))  # type: ignore[misc]
        house = House(service, kept, adapter, runner, clock, wake_ups)
        store.on_wake(house.woken)
        yield house
    finally:
        await store.close()


def selecting(policy: Policy, **selection: object) -> Policy:
    return replace(policy, selection=Selection(**selection))  # type: ignore[arg-type]
