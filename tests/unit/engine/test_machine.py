"""The laws of correcting, under any order of events, and with the daemon dying anywhere.

An embedding program that applies, between two lives of the daemon, keeps the same laws.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from reconciler.domain.errors import (
    ConflictError,
    PermanentError,
    ReconcilerError,
    RetryableError,
)
from reconciler.domain.guardrails import GuardrailRule, Mode
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.policy import ActionType, Policy
from reconciler.domain.records import AuditEntry, Remediation, RemediationId, RunState
from reconciler.domain.remediation_states import (
    BEFORE_EFFECT,
    FOR_PERSON,
    OPEN,
    TERMINAL,
    Event,
    RemediationState,
    transitions,
)
from reconciler.domain.wakeups import WakeUp
from reconciler.domain.windows import read_window
from reconciler.engine import decisions
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Guard
from reconciler.engine.admission.situation import Situation
from reconciler.engine.admission.table import GUARDS
from reconciler.engine.once import apply_once
from reconciler.engine.planning import plan_addresses
from reconciler.engine.sweep import recover, sweep
from reconciler.ports import RunnerJob, RunnerProcess
from reconciler.stores import Store, Transaction
from tests.fake_world import Fate, World, WorldRunner
from tests.memory_store.store import MemoryStore, no_data
from tests.unit.engine.at_once import quick_folder, without_threads
from tests.unit.engine.house import (
    AUTO,
    MANUAL,
    QUARANTINE,
    SHOP,
    A,
    B,
    C,
    House,
    open_house,
    reference_of,
    stack_record,
)

T = TypeVar("T")
ADDRESSES = st.sampled_from([A, B, C])
POLICIES = st.sampled_from([MANUAL, AUTO, MANUAL, AUTO, QUARANTINE, None])
FATES = st.sampled_from([one for one in Fate if one is not Fate.STAYS])
SIZES = st.integers(min_value=1, max_value=3)


ANSWERS = st.sampled_from(
    [
        Open(),
        Open(),
        Hold("a freeze"),
        Hold("not this one", about=frozenset({A})),
        NeedsApproval("look at this one", about=frozenset({A})),
        NeedsApproval("two of you", count=2),
        NeedsApproval("look before a plan is made", before_plan=True),
        Refuse("never here"),
        LookupError("a guard with a defect"),
    ]
)


_ALWAYS = read_window("00:00-24:00 UTC")
LIMITS: Mapping[str, Mapping[str, Any]] = {
    "none": {},
    "none again": {},
    "observe": {"mode": Mode.OBSERVE},
    "ask": {"mode": Mode.APPROVE},
    "no budget": {"stack_per_day": 0},
    "no resources": {"max_resources": 0},
    "protected": {"protected_types": ("*",)},
    "another's": {"managed_by": "Atlantis"},
    "frozen": {"freezes": (_ALWAYS,)},
}
UNLIMITED = {
    "stack_per_day": 1000,
    "total_per_day": 1000,
    "fights": 0,
    "flaps": 0,
    "exception": timedelta(),
    "failures": 1000,
}
NEVER = ("frozen",)
NEVER_UNASKED = ("observe", "ask", "no budget", "no resources", "protected", "another's")


@dataclass
class Fickle:
    """One more guard, which answers otherwise now and then, or breaks."""

    answer: Answer | Exception = field(default_factory=Open)
    limits: str = "none"

    def ask(self, situation: Situation) -> Answer:
        if isinstance(self.answer, Exception):
            raise self.answer
        about = getattr(self.answer, "about", None)
        if about and not about & {one.address for one in situation.findings}:
            return Open()
        return self.answer

    def forbids(self, known: Remediation) -> bool:
        about = getattr(self.answer, "about", None)
        if about and not about & set(known.addresses):
            return False
        if isinstance(self.answer, NeedsApproval):
            approved = self.answer.approved_by(known.approvals, known.plan_digest)
            return len(approved) < self.answer.count
        return not isinstance(self.answer, Open)


class Died(BaseException):
    """The daemon was killed here."""


class DyingStore:
    """A store, in a daemon that dies before or after one of its next commits."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.commits_left: int | None = None
        self.keeps_last = False
        self.dead = False
        self.dies_in: RemediationState | None = None
        """It dies right after the commit that brought a remediation into this state."""

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        if self.dead:
            raise Died
        if self.commits_left is not None:
            self.commits_left -= 1
            if self.commits_left < 0:
                self.commits_left, self.dead = None, True
                if self.keeps_last:
                    await self._store.transact(work)
                raise Died
        result = await self._store.transact(work)
        if self.dies_in is not None and await self._is_one_in(self.dies_in):
            self.dead = True
            raise Died
        return result

    async def _is_one_in(self, state: RemediationState) -> bool:
        return bool(await self._store.read(lambda view: view.remediations.in_states((state,))))

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self._store.read(work)

    def on_event(self, listener: Callable[[int], None]) -> Callable[[], None]:
        return self._store.on_event(listener)

    def on_wake(self, listener: Callable[[Sequence[WakeUp]], None]) -> Callable[[], None]:
        return self._store.on_wake(listener)

    async def close(self) -> None:
        await self._store.close()


class WatchedRunner(WorldRunner):
    """Looks, when an apply begins, whether it may."""

    store: Store
    broken: list[str]
    fickle: Fickle

    async def start(
        self, job: RunnerJob, folder: Path, *, holding: int | None = None
    ) -> RunnerProcess:
        self.broken += await self.store.read(
            lambda view: _broken_at_start(view, folder.name, self.fickle)
        )
        return await super().start(job, folder, holding=holding)


def _broken_at_start(view: Transaction, run_id: str, fickle: Fickle) -> list[str]:
    run = next((one for one in view.runs.started() if one.id == run_id), None)
    if run is None:
        return [f"{run_id} began without a committed intent"]
    found = view.remediations.get(run.remediation_id)
    assert found is not None
    broken = []
    if found.state is not RemediationState.APPLYING or found.run_id != run_id:
        broken.append(f"{run_id} began while its remediation is {found.state}")
    if fickle.forbids(found):
        broken.append(f"{run_id} began though a guard answered {fickle.answer!r}")
    if any(run.unasked or not hold.unasked for hold in view.holds.all()):
        broken.append(f"{run_id} began under a hold")
    if run.unasked is not found.unasked:
        broken.append(f"{run_id} says wrongly whether a person decided on it")
    broken += [
        f"{run_id} began though its limits say {limits}"
        for limits in (fickle.limits,)
        if limits in NEVER or (run.unasked and limits in NEVER_UNASKED)
    ]
    approved = run.plan_digest in {approval.plan_digest for approval in found.approvals}
    auto = found.action_type is ActionType.AUTO_CORRECT and not found.approvals
    if found.action_type is ActionType.RELEASE:  # it only gives back what was approved to go
        auto = approved = True
    if not approved and not (auto and view.policies.get(AUTO.policy_id)):
        broken.append(f"{run_id} began with a plan that nobody allowed")
    before = view.runs.page(remediation_id=found.id).items
    doubtful = [one for one in before if one.state is RunState.IN_DOUBT]
    retried = [
        entry
        for entry in view.audit.page(subject=found.id, limit=500).items
        if entry.actor == "ann" and entry.action == "remediation.queued"
    ]
    if doubtful and not retried:
        broken.append(f"{run_id} began blindly after one in doubt")
    return broken


def _no_finding_is_decided_twice_at_once(remediations: tuple[Remediation, ...]) -> None:
    taken = [finding for one in remediations if one.state in OPEN for finding in one.finding_ids]
    assert len(taken) == len(set(taken))


def _is_held(known: Remediation) -> bool:
    """Whether a guard holds it: before it is queued it waits in the state that it has."""
    return known.state in BEFORE_EFFECT - {RemediationState.AWAITING_APPROVAL}


class Correcting(RuleBasedStateMachine):
    """Drift, people, failures and deaths of the daemon, in any order."""

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

    @initialize(policy=POLICIES, address=ADDRESSES, fates=st.lists(FATES, max_size=2))
    def drift_under_a_policy(
        self, policy: Policy | None, address: ResourceAddress, fates: list[Fate]
    ) -> None:
        self.runner.fates.extend(fates)
        self.the_policy_is(policy)
        self.somebody_changes(address, 2)
        self.a_pass(1)

    # What happens to the world.

    @rule(address=ADDRESSES, size=SIZES)
    def somebody_changes(self, address: ResourceAddress, size: int) -> None:
        self.house.world.live[address] = {"size": size}

    @rule(address=ADDRESSES)
    def somebody_deletes(self, address: ResourceAddress) -> None:
        self.house.world.live.pop(address, None)

    @rule(address=ADDRESSES, size=SIZES)
    def somebody_edits_the_code(self, address: ResourceAddress, size: int) -> None:
        self.house.world.declared[address] = {"size": size}

    @rule()
    def somebody_else_applies(self) -> None:
        self.house.world.serial += 1

    @rule(address=ADDRESSES)
    def reads_are_denied_or_allowed(self, address: ResourceAddress) -> None:
        self.house.world.unreadable ^= {address}

    @rule(error=st.sampled_from([None, None, None, RetryableError("away"), PermanentError("no")]))
    def the_stack_loads_or_not(self, error: RetryableError | PermanentError | None) -> None:
        self.house.world.refuses_load = error

    @rule(error=st.sampled_from([None, None, None, RetryableError("held"), PermanentError("no")]))
    def the_tool_plans_or_not(self, error: RetryableError | PermanentError | None) -> None:
        self.house.world.refuses_plan = error

    @rule(fate=FATES)
    def the_next_apply_will(self, fate: Fate) -> None:
        self.runner.fates.append(fate)

    # What the daemon does, and how it dies.

    @rule(seconds=st.sampled_from([40, 40, 1, 2000]))
    def a_pass(self, seconds: int) -> None:
        self.survive(self.house.scan(seconds=seconds))

    @rule(seconds=st.sampled_from([5, 60, 4000]))
    def time_goes_by(self, seconds: int) -> None:
        self.survive(self.house.later(seconds=seconds))

    @rule(hours=st.sampled_from([0, 25]))
    def a_sweep(self, hours: int) -> None:
        self.house.clock.move(hours=hours)
        self.survive(sweep(self.house.service))
        self.survive(self.house.settle())

    @rule(commits=st.integers(min_value=0, max_value=8), keeps_last=st.booleans())
    def the_daemon_will_die(self, commits: int, *, keeps_last: bool) -> None:
        self.store.commits_left, self.store.keeps_last = commits, keeps_last

    @rule(moved=st.booleans())
    def a_program_applies_and_a_daemon_starts_after_it(self, *, moved: bool) -> None:
        with suppress(ReconcilerError, Died):
            self.do(self._apply_once(moved=moved))
        self.restart()

    async def _apply_once(self, *, moved: bool) -> None:
        house, world = self.house, self.house.world
        deviating = [one for one in (A, B, C) if world.live.get(one) != world.declared[one]]
        if not deviating:
            return
        stack = stack_record()
        runs = house.service.runs
        plan = await plan_addresses(house.adapter, reference_of(stack), deviating, runs=runs)
        if moved:
            world.live[deviating[0]] = {"size": 4}
        await apply_once(house.service, stack, plan)

    # What people do.

    @rule(policy=POLICIES)
    def the_policy_is(self, policy: Policy | None) -> None:
        async def change() -> None:
            def work(tx: Transaction) -> None:
                for known in tx.policies.all():
                    tx.policies.remove(known.policy_id)
                if policy is not None:
                    tx.policies.put(policy)

            await self.house.service.store.transact(work)

        self.survive(change())

    @rule(right=st.booleans(), moved=st.booleans())
    def somebody_looks_and_approves(self, *, right: bool, moved: bool) -> None:
        self.survive(self.house.scan(seconds=40))
        for one in self.open_ones(RemediationState.AWAITING_APPROVAL):
            if moved:
                self.house.world.live[one.addresses[0]] = {"size": 4}
            digest = (one.plan_digest or "") if right else "0" * 64
            self.try_to(
                decisions.approve(self.house.service, one.id, plan_digest=digest, actor="ann")
            )
        self.survive(self.house.settle())

    @rule()
    def somebody_rejects_or_cancels(self) -> None:
        for one in self.open_ones(*OPEN)[:1]:
            if one.state is RemediationState.AWAITING_APPROVAL:
                self.try_to(decisions.reject(self.house.service, one.id, reason="no", actor="ann"))
            else:
                self.try_to(decisions.cancel(self.house.service, one.id, actor="ann"))

    @rule(retries=st.booleans())
    def somebody_takes_care(self, *, retries: bool) -> None:
        deed = decisions.retry if retries else decisions.suppress
        for one in self.open_ones(RemediationState.NEEDS_HUMAN):
            self.try_to(deed(self.house.service, one.id, reason="seen", actor="ann"))
        self.survive(self.house.settle())

    @rule(action=st.sampled_from([None, *ActionType]))
    def somebody_asks(self, action: ActionType | None) -> None:
        for finding in self.do(self.house.findings())[:1]:
            self.try_to(
                decisions.request(
                    self.house.service, finding.report_id, action_type=action, actor="bob"
                )
            )
        self.survive(self.house.settle())

    @rule(answer=ANSWERS)
    def a_guard_answers_from_now_on(self, answer: Answer | Exception) -> None:
        self.fickle.answer = answer

    @rule(limits=st.sampled_from(sorted(LIMITS)))
    def limits_are_from_now_on(self, limits: str) -> None:
        self.fickle.limits = limits
        self.house.service.guardrails = (GuardrailRule(limits=LIMITS[limits]),)

    @rule()
    def somebody_holds_the_stack(self) -> None:
        self.survive(decisions.hold(self.house.service, by="ann", stack=SHOP))

    @rule()
    def somebody_holds(self) -> None:
        self.survive(decisions.hold(self.house.service, by="ann", reason="wait"))

    @rule()
    def somebody_holds_while_a_plan_is_made(self) -> None:
        self.house.adapter.after_plan = lambda: decisions.hold(
            self.house.service, by="ann", reason="now"
        )

    @rule(address=ADDRESSES)
    def drift_comes_while_a_plan_is_made(self, address: ResourceAddress) -> None:
        self.house.adapter.before_plan = lambda: self.house.world.live.pop(address, None)

    @rule()
    def somebody_resumes(self) -> None:
        for stack in (None, SHOP):
            self.survive(decisions.resume(self.house.service, by="ann", stack=stack))
        self.survive(self.house.settle())

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
            await decisions.resume(self.house.service, by="ann", stack=stack)
        await self.house.settle()
        for rounds in range(6):
            await sweep(self.house.service)
            await self.house.later(hours=1)
            await self.house.scan(seconds=60)
            left = await self.house.remediations(*OPEN - FOR_PERSON)
            if rounds and not left:
                return


TestCorrecting = Correcting.TestCase
TestCorrecting.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestCorrecting = pytest.mark.slow(pytest.mark.timeout(900)(TestCorrecting))
