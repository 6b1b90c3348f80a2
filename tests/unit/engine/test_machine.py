"""The laws of correcting, under any order of events, and with the daemon dying anywhere.

An embedding program that applies, between two lives of the daemon, keeps the same laws.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from reconciler.domain.errors import (
    PermanentError,
    ReconcilerError,
    RetryableError,
)
from reconciler.domain.guardrails import GuardrailRule, Mode
from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import ActionType, Policy
from reconciler.domain.remediation_states import (
    OPEN,
    RemediationState,
)
from reconciler.domain.windows import read_window
from reconciler.engine import decisions, holding, requesting
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open, Refuse
from reconciler.engine.once import apply_once
from reconciler.engine.planning import plan_addresses
from reconciler.engine.sweep import sweep
from reconciler.stores import Transaction
from tests.fake_world import Fate
from tests.unit.engine.house import (
    AUTO,
    MANUAL,
    QUARANTINE,
    SHOP,
    A,
    B,
    C,
    reference_of,
    stack_record,
)
from tests.unit.engine.machine_laws import Lawful
from tests.unit.engine.machine_parts import Died

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


class Correcting(Lawful):
    """Drift, people, failures and deaths of the daemon, in any order."""

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
                requesting.request(
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
        self.survive(holding.hold(self.house.service, by="ann", stack=SHOP))

    @rule()
    def somebody_holds(self) -> None:
        self.survive(holding.hold(self.house.service, by="ann", reason="wait"))

    @rule()
    def somebody_holds_while_a_plan_is_made(self) -> None:
        self.house.adapter.after_plan = lambda: holding.hold(
            self.house.service, by="ann", reason="now"
        )

    @rule(address=ADDRESSES)
    def drift_comes_while_a_plan_is_made(self, address: ResourceAddress) -> None:
        self.house.adapter.before_plan = lambda: self.house.world.live.pop(address, None)

    @rule()
    def somebody_resumes(self) -> None:
        for stack in (None, SHOP):
            self.survive(holding.resume(self.house.service, by="ann", stack=stack))
        self.survive(self.house.settle())


TestCorrecting = Correcting.TestCase
TestCorrecting.settings = settings(
    max_examples=120,
    stateful_step_count=30,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
TestCorrecting = pytest.mark.slow(pytest.mark.timeout(900)(TestCorrecting))
