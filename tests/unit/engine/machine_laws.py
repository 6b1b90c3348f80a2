"""What every walk of correcting keeps, however it goes, and the daemon that it is about."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from hypothesis.stateful import RuleBasedStateMachine, invariant

from reconciler.domain.errors import (
    ConflictError,
)
from reconciler.domain.guardrails import GuardrailRule
from reconciler.domain.model import StackName
from reconciler.domain.records import AuditEntry, Remediation, RemediationId
from reconciler.domain.remediation_states import (
    BEFORE_EFFECT,
    FOR_PERSON,
    OPEN,
    TERMINAL,
    Event,
    RemediationState,
    transitions,
)
from reconciler.engine import holding
from reconciler.engine.admission.answers import Open
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.table import GUARDS
from reconciler.engine.sweep import recover, sweep
from reconciler.stores import Store, Transaction
from tests.fake_world import World
from tests.memory_store.store import MemoryStore, no_data
from tests.unit.engine.at_once import quick_folder, without_threads
from tests.unit.engine.house import (
    SHOP,
    House,
    open_house,
)
from tests.unit.engine.machine_parts import Died, DyingStore, Fickle, WatchedRunner

T = TypeVar("T")
UNLIMITED = {
    "stack_per_day": 1000,
    "total_per_day": 1000,
    "fights": 0,
    "flaps": 0,
    "exception": timedelta(),
    "failures": 1000,
}


def _no_finding_is_decided_twice_at_once(remediations: tuple[Remediation, ...]) -> None:
    taken = [finding for one in remediations if one.state in OPEN for finding in one.finding_ids]
    assert len(taken) == len(set(taken))


def _is_held(known: Remediation) -> bool:
    """Whether a guard holds it: before it is queued it waits in the state that it has."""
    return known.state in BEFORE_EFFECT - {RemediationState.AWAITING_APPROVAL}


class Lawful(RuleBasedStateMachine):
    """A daemon whose parts die and refuse; the laws are asked after every step, and at the end."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.opened = AsyncExitStack()
        self.ended: dict[RemediationId, RemediationState] = {}
        self.audited = 0
        self.reached: set[tuple[RemediationState, Event]] = set()
        self.held_by: set[str] = set()
        self.house = self.do(self._open())

    async def _open(self) -> House:
        self.opened.enter_context(without_threads())
        folder = self.opened.enter_context(quick_folder())
        store = await self._open_store(folder)
        house = await self.opened.enter_async_context(
            open_house(folder, self.worlds(), kept_in=store)
        )
        self.store = DyingStore(house.service.store)
        runner = WatchedRunner(house.worlds, house.clock)
        runner.store, runner.broken = house.service.store, []
        self.runner = runner
        self.fickle = runner.fickle = Fickle()
        guards = (*GUARDS, Guard("fickle", self.fickle.ask))
        house.service = replace(house.service, store=self.store, runner=runner, guards=guards)
        house.runner = runner
        return house

    def worlds(self) -> dict[StackName, World] | None:
        """Return the stacks there are; None for one with three things."""
        return None

    async def _open_store(self, folder: Path) -> Store:  # noqa: ARG002 - others need one
        return MemoryStore(no_data())

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def try_to(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do what may be refused, or during which the daemon may die."""
        with suppress(ConflictError):
            self.survive(work)

    def survive(self, work: Coroutine[Any, Any, Any]) -> None:
        try:
            self.do(work)
        except Died:
            self.restart()

    def restart(self) -> None:
        self.store.commits_left, self.store.dead = None, False
        self.runner.finish_all()
        self.house.forget_wakeups()
        self.do(recover(self.house.service))
        self.do(self.house.settle())

    # What holds, always.

    def open_ones(self, *states: RemediationState) -> tuple[Remediation, ...]:
        return self.do(self.house.remediations(*states))

    @invariant()
    def no_two_applies_at_once(self) -> None:
        assert self.runner.overlaps == []

    @invariant()
    def no_apply_that_may_not_be(self) -> None:
        assert self.runner.broken == []

    @invariant()
    def what_is_kept_keeps_the_laws(self) -> None:
        """Ask the store once: three questions after each of thousands of steps take a while."""
        remediations, entries = self.do(self.house.read(self._kept))
        _no_finding_is_decided_twice_at_once(remediations)
        self._what_ended_stays_ended(remediations)
        self.held_by |= {one.guard for one in remediations if one.guard and _is_held(one)}
        self._every_step_is_in_the_table_and_in_the_audit(entries)

    def _kept(self, view: Transaction) -> tuple[tuple[Remediation, ...], tuple[AuditEntry, ...]]:
        written = tuple(entry for entry, _ in view.audit.after(self.audited))
        return view.remediations.in_states(tuple(RemediationState)), written

    def _what_ended_stays_ended(self, remediations: tuple[Remediation, ...]) -> None:
        for one in remediations:
            assert self.ended.get(one.id, one.state) is one.state
            if one.state in TERMINAL:
                self.ended[one.id] = one.state

    def _every_step_is_in_the_table_and_in_the_audit(self, entries: tuple[AuditEntry, ...]) -> None:
        for entry in entries:
            if "event" in entry.details:
                row = RemediationState(entry.details["from"]), Event(entry.details["event"])
                assert entry.action == f"remediation.{transitions()[row]}"
                self.reached.add(row)
            self.audited = entry.seq

    def teardown(self) -> None:
        """Let the world calm down: then everything ends, or waits for a person."""
        try:
            self.do(self._calm())
            left = self.open_ones(*OPEN)
            assert {one.state for one in left} <= {
                RemediationState.AWAITING_APPROVAL,
                RemediationState.NEEDS_HUMAN,
            }
            world = self.house.world
            drifted = {
                address
                for address in world.addresses
                if world.live.get(address) != world.declared[address]
            }
            found = {finding.address for finding in self.do(self.house.findings())}
            assert found == drifted
            assert self.runner.overlaps == []
            assert self.runner.broken == []
        finally:
            self.do(self.opened.aclose())
            self.loop.close()

    async def _calm(self) -> None:
        self.store.commits_left = None
        world = self.house.world
        world.refuses_load = world.refuses_plan = None
        world.unreadable.clear()
        self.runner.fates.clear()
        self.house.adapter.before_plan = self.house.adapter.after_plan = None
        self.fickle.answer = Open()
        self.fickle.limits = "none"
        # What is held for a day, by a budget or a fight, would outlast the calm.
        self.house.service.guardrails = (GuardrailRule(limits=UNLIMITED),)
        for stack in (None, SHOP):
            await holding.resume(self.house.service, by="ann", stack=stack)
        await self.house.settle()
        for rounds in range(6):
            await sweep(self.house.service)
            await self.house.later(hours=1)
            await self.house.scan(seconds=60)
            left = await self.house.remediations(*OPEN - FOR_PERSON)
            if rounds and not left:
                return
