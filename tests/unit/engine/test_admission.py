"""The engine asks the guards: what is slow before a transaction, what counts inside it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from reconciler.domain.policy import ActionType
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine.admission.answers import Answer, Hold, NeedsApproval, Open, Refuse
from reconciler.engine.admission.guard import Evaluated, Evidence, Guard, evaluation_of
from reconciler.engine.admission.situation import Situation, Stage
from reconciler.engine.admission.table import GUARDS
from reconciler.engine.decisions import approve
from reconciler.engine.remediate import advance
from reconciler.stores import Store, Transaction
from tests.unit.engine.house import AUTO, MANUAL, A, House

T = TypeVar("T")
WHY = "a scan 30 s or more after the first must still find thing.a drifted"


def adds(house: House, *guards: Guard) -> None:
    house.service = replace(house.service, guards=(*GUARDS, *guards))


def always(answer: Answer, *stages: Stage) -> Guard:
    return Guard("new", lambda _: answer, at=frozenset(stages or Stage))


async def drifted(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    await house.scan(seconds=31)


async def test_what_waits_to_be_confirmed_says_so(house: House) -> None:
    await house.put(AUTO)
    house.world.live[A] = {"size": 9}
    await house.scan()
    waiting = await house.the_open()
    assert (waiting.state, waiting.guard, waiting.note) == (
        RemediationState.DETECTED,
        "confirmation",
        WHY,
    )
    await house.later(seconds=31)
    assert await house.the_open() == replace(waiting, next_at=(await house.the_open()).next_at)


async def test_a_held_remediation_names_its_guard_until_it_goes_on(house: House) -> None:
    holds = [Hold("frozen")]
    adds(house, Guard("freeze", lambda _: holds[0], at=frozenset({Stage.PLAN, Stage.APPLY})))
    await drifted(house)
    held = await house.the_open()
    assert (held.state, held.guard, held.hold_reason) == (RemediationState.HELD, "freeze", "frozen")
    holds[0] = Hold("frozen still")
    await house.later(seconds=61)
    assert (await house.the_open()).hold_reason == "frozen still"
    adds(house)
    await house.later(seconds=61)
    ended = await house.remediation(held.id)
    assert (ended.state, ended.guard) == (RemediationState.CONVERGED, None)


async def test_a_guard_that_breaks_before_the_apply_lets_nothing_begin(house: House) -> None:
    def breaks(_: Situation) -> Answer:
        raise LookupError("password=hunter2")

    adds(house, Guard("broken", breaks, at=frozenset({Stage.APPLY})))
    await drifted(house)
    plans = house.adapter.loads
    await advance(house.service, (await house.the_open()).id)
    assert house.adapter.loads == plans  # a wake-up too many makes no plan
    held = await house.the_open()
    assert (held.state, held.guard) == (RemediationState.HELD, "broken")
    assert "cannot be evaluated: an unexpected LookupError" in (held.hold_reason or "")
    assert house.world.effects == []
    assert list(house.service.runs.iterdir()) == []


async def test_a_refusal_of_what_is_queued_is_a_persons_business(house: House) -> None:
    adds(house, always(Refuse("never here"), Stage.PLAN))
    await drifted(house)
    stuck = await house.the_open()
    assert (stuck.state, stuck.guard, stuck.note) == (
        RemediationState.NEEDS_HUMAN,
        "new",
        "never here",
    )


async def test_a_hold_before_it_is_queued_waits_where_it_stands(house: House) -> None:
    adds(house, always(Hold("not yet"), Stage.QUEUE))
    await drifted(house)
    waiting = await house.the_open()
    assert (waiting.state, waiting.guard, waiting.note) == (
        RemediationState.DECIDED,
        "new",
        "not yet",
    )
    await house.later(seconds=61)
    assert (await house.the_open()).state is RemediationState.DECIDED
    adds(house)
    await house.later(seconds=61)
    assert house.world.live[A] == {"size": 1}


async def test_a_second_approval_is_waited_for_and_the_first_is_kept(house: House) -> None:
    adds(house, always(NeedsApproval("two of you", count=2), Stage.APPLY))
    await drifted(house)
    first = await house.the_open()
    assert (first.state, first.guard) == (RemediationState.AWAITING_APPROVAL, "new")
    assert first.note == "two of you (0 of 2 approvals)"
    for person, said in (("ann", "two of you (1 of 2 approvals)"), ("ann", None), ("bob", None)):
        known = await house.the_open()
        digest = known.plan_digest or ""
        await approve(house.service, known.id, plan_digest=digest, actor=person)
        await house.settle()
        if said is not None:
            assert (await house.the_open()).note == said
    ended = await house.remediation(first.id)
    assert ended.state is RemediationState.CONVERGED
    assert [approval.person for approval in ended.approvals] == ["ann", "bob"]


async def test_policies_are_evaluated_in_no_transaction_of_the_writer(house: House) -> None:
    threads: list[str] = []

    def evaluate(_: Evidence) -> Evaluated:
        threads.append(threading.current_thread().name)
        return Evaluated({"fine": True})

    def ask(situation: Situation) -> Answer:
        return Open() if evaluation_of(situation, "slow")["fine"] else Hold("no")

    adds(house, Guard("slow", ask, at=frozenset({Stage.QUEUE, Stage.APPLY}), evaluate=evaluate))
    await drifted(house)
    assert house.world.live[A] == {"size": 1}
    assert len(threads) == 1  # kept from the decision until the apply
    assert not threads[0].startswith("trueup-store")
    (ended,) = await house.remediations()
    kept = ended.evaluations["policy"]
    assert kept.result == {"wanted": True, "policies": {"auto": 1}}


async def test_an_evaluation_that_fails_holds_and_is_tried_again(house: House) -> None:
    fails = [True]

    def evaluate(_: Evidence) -> Evaluated:
        if fails[0]:
            raise OSError("password=hunter2")
        return Evaluated({})

    def ask(situation: Situation) -> Answer:
        evaluation_of(situation, "slow")
        return Open()

    adds(house, Guard("slow", ask, at=frozenset({Stage.QUEUE, Stage.APPLY}), evaluate=evaluate))
    await drifted(house)
    waiting = await house.the_open()
    assert (waiting.state, waiting.guard) == (RemediationState.DECIDED, "slow")
    assert "guard slow cannot be evaluated: an unexpected OSError" in (waiting.note or "")
    assert "hunter2" not in (waiting.note or "")
    fails[0] = False
    await house.later(seconds=30)
    assert (await house.the_open()).state is RemediationState.DECIDED
    await house.later(seconds=31)
    assert house.world.live[A] == {"size": 1}


@dataclass
class Racing:
    """The store, in which a policy is taken back right before the next intent would be written."""

    store: Store
    armed: bool = True

    async def transact(self, work: Callable[[Transaction], T]) -> T:
        planning = lambda view: view.remediations.in_states({RemediationState.PLANNING})  # noqa: E731
        if self.armed and await self.store.read(planning):
            self.armed = False
            await self.store.transact(lambda tx: tx.policies.remove(AUTO.policy_id))
        return await self.store.transact(work)

    async def read(self, work: Callable[[Transaction], T]) -> T:
        return await self.store.read(work)


async def test_what_was_evaluated_of_other_policies_lets_nothing_begin(house: House) -> None:
    racing = Racing(house.service.store)
    house.service = replace(house.service, store=racing)  # type: ignore[arg-type]
    await drifted(house)
    assert not racing.armed
    waiting = await house.the_open()
    assert (waiting.state, waiting.guard) == (RemediationState.AWAITING_APPROVAL, "policy")
    assert waiting.note == "no policy allows this correction without approval"
    assert house.world.effects == []


async def test_an_awaited_approval_names_the_guard_that_asks(house: House) -> None:
    await house.put(MANUAL)
    house.world.live[A] = {"size": 9}
    await house.scan()
    waiting = await house.the_open()
    assert waiting.action_type is ActionType.MANUAL_REVIEW
    assert (waiting.guard, waiting.note) == ("manual_review", "policy requires approval")
    page = await house.read(lambda view: view.audit.page(subject=waiting.id, limit=1))
    assert page.items[0].details["guard"] == "manual_review"
