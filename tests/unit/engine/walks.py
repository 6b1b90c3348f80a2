"""Walks through the model of correcting, each of which certainly takes the rows it is for.

The model takes rules by chance, so that what it reaches changes with every rule. Here a
remediation is brought into a state, and then what happens there happens. Where it would go on
at once, the daemon dies in that state, and something else comes before the next one takes it up.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, Final, TypeAlias

from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.policy import Policy
from reconciler.domain.records import Remediation
from reconciler.domain.remediation_states import Event, RemediationState
from reconciler.engine import decisions, holding, suppression
from reconciler.engine.admission.answers import Hold, NeedsApproval, Open, Refuse
from reconciler.engine.remediate import advance
from reconciler.engine.splitting import split
from reconciler.engine.stacks import accept_state
from reconciler.engine.sweep import sweep
from tests.fake_world import Fate
from tests.unit.engine.house import AUTO, MANUAL, A, B
from tests.unit.engine.machine_parts import Died
from tests.unit.engine.test_machine import Correcting

P, E = RemediationState, Event
Row: TypeAlias = tuple[RemediationState, Event]
_UNTIL_CONFIRMED: Final = 40


class Walk(Correcting):
    """The model with its invariants, one step after the other."""

    def step(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do what may be the daemon's last act; what was woken by it is forgotten."""
        with suppress(Died):
            self.do(work)
        self.store.dies_in, self.store.dead = None, False
        self.runner.finish_all()
        self.house.forget_wakeups()
        self.check()

    def check(self) -> None:
        self.no_two_applies_at_once()
        self.no_apply_that_may_not_be()
        self.what_is_kept_keeps_the_laws()

    def drifts(self, *, policy: Policy = AUTO, also: bool = False) -> None:
        """Let thing.a drift under `policy`, and thing.b with it, and be found."""
        self.the_policy_is(policy)
        for address in (A, B) if also else (A,):
            self.house.world.live[address] = {"size": 2}
        self.do(self.house.scan())

    def in_state(self, state: RemediationState, *, also: bool = False) -> Remediation:
        """Return a new remediation that rests in `state`."""
        if state is P.NEEDS_HUMAN:
            self.runner.fates.append(Fate.HELPS_NOT)
            self.house.service.attempts = 1
        is_asked = state is P.AWAITING_APPROVAL
        self.drifts(policy=MANUAL if is_asked and not also else AUTO, also=also)
        if state is P.HELD:
            self.do(holding.hold(self.house.service, by="ann"))
        if is_asked and also:  # a person's are apart from the beginning
            self.fickle.answer = NeedsApproval("look at this one")
            self.step(self.house.scan(seconds=_UNTIL_CONFIRMED))
            self.fickle.answer = Open()
        elif state not in (P.DETECTED, P.AWAITING_APPROVAL):
            self.store.dies_in = state
            self.step(self.house.scan(seconds=_UNTIL_CONFIRMED))
            if state is P.HELD:
                self.do(holding.resume(self.house.service, by="ann"))
        self.house.forget_wakeups()
        return self.the(state)

    def the(self, state: RemediationState) -> Remediation:
        (found,) = self.open_ones(state)
        return found


Deed: TypeAlias = Callable[[Walk, Remediation], None]


def heals(walk: Walk, _known: Remediation) -> None:
    walk.house.world.live[A] = walk.house.world.declared[A]
    walk.step(walk.house.scan())


def changes(walk: Walk, _known: Remediation) -> None:
    walk.house.world.live[A] = {"size": 3}
    walk.step(walk.house.scan())


def is_cancelled(walk: Walk, known: Remediation) -> None:
    walk.step(decisions.cancel(walk.house.service, known.id, actor="ann"))


def is_refused(walk: Walk, known: Remediation) -> None:
    walk.fickle.answer = Refuse("never here")
    walk.step(advance(walk.house.service, known.id))


def is_held(walk: Walk, known: Remediation) -> None:
    walk.fickle.answer = Hold("a freeze")
    walk.step(advance(walk.house.service, known.id))


def waits_in_part(walk: Walk, known: Remediation) -> None:
    walk.fickle.answer = Hold("not this one", about=frozenset({A}))
    if known.state is P.DETECTED:  # it is confirmed by another scan
        walk.step(walk.house.scan(seconds=_UNTIL_CONFIRMED))
    else:
        walk.step(advance(walk.house.service, known.id))


def is_ignored_in_part(walk: Walk, known: Remediation) -> None:
    finding_id = known.finding_ids[0]
    walk.step(
        suppression.ignore(walk.house.service, finding_id, reason="known", until=None, actor="ann")
    )


def is_divided(walk: Walk, known: Remediation) -> None:
    walk.step(split(walk.house.service, known.id, addresses=[A], actor="ann"))


def is_suppressed(walk: Walk, known: Remediation) -> None:
    walk.step(decisions.suppress(walk.house.service, known.id, reason="known", actor="ann"))


def goes_on(walk: Walk, known: Remediation) -> None:
    walk.house.clock.move(hours=1)
    walk.step(advance(walk.house.service, known.id))


def is_approved(walk: Walk, known: Remediation) -> None:
    digest = known.plan_digest or ""
    walk.step(decisions.approve(walk.house.service, known.id, plan_digest=digest, actor="ann"))


def is_rejected(walk: Walk, known: Remediation) -> None:
    walk.step(decisions.reject(walk.house.service, known.id, reason="no", actor="ann"))


def is_approved_by_two(state: RemediationState) -> Deed:
    """Return what has a second person approve it when it is in `state` after the first."""

    def deed(walk: Walk, known: Remediation) -> None:
        walk.house.limit(approvals=2)
        is_approved(walk, known)
        if state is P.PLANNING:
            walk.store.dies_in = state
            walk.step(advance(walk.house.service, known.id))
        digest = known.plan_digest or ""
        walk.step(decisions.approve(walk.house.service, known.id, plan_digest=digest, actor="bob"))

    return deed


def is_of_another_state(walk: Walk, known: Remediation) -> None:
    walk.step(accept_state(walk.house.service, known.stack, actor="ann"))


def runs_out(walk: Walk, _known: Remediation) -> None:
    walk.house.clock.move(hours=25)
    walk.step(sweep(walk.house.service))


def is_retried(walk: Walk, known: Remediation) -> None:
    walk.step(decisions.retry(walk.house.service, known.id, reason="seen", actor="ann"))


def is_asked_for_first(walk: Walk, known: Remediation) -> None:
    walk.fickle.answer = NeedsApproval("look before a plan is made", before_plan=True)
    walk.step(advance(walk.house.service, known.id))


def is_planned_later(walk: Walk, known: Remediation) -> None:
    walk.house.world.refuses_plan = RetryableError("the state is locked")
    walk.step(advance(walk.house.service, known.id))
    walk.house.world.refuses_plan = None


def is_never_planned(walk: Walk, known: Remediation) -> None:
    walk.house.world.refuses_plan = PermanentError("the code does not parse")
    walk.step(advance(walk.house.service, known.id))
    walk.house.world.refuses_plan = None


def heals_unseen(walk: Walk, known: Remediation) -> None:
    walk.house.world.live[A] = walk.house.world.declared[A]
    walk.step(advance(walk.house.service, known.id))


def ends(fate: Fate, *, attempts: int = 3) -> Deed:
    """Return what lets the apply of a plan come to that end."""

    def deed(walk: Walk, known: Remediation) -> None:
        walk.runner.fates.append(fate)
        walk.house.service.attempts = attempts
        walk.step(advance(walk.house.service, known.id))

    return deed


def needs_an_approval(walk: Walk, known: Remediation) -> None:
    walk.fickle.answer = NeedsApproval("look at this one")
    walk.step(advance(walk.house.service, known.id))


IN_PART: Final = frozenset({waits_in_part, is_ignored_in_part, is_divided})
"""What happens to one of two resources."""
WALKS: Final[Mapping[Row, tuple[RemediationState, Deed]]] = {
    **{
        (state, event): (state, deed)
        for state in (
            P.DETECTED,
            P.CONFIRMED,
            P.DECIDED,
            P.AWAITING_APPROVAL,
            P.QUEUED,
            P.PLANNING,
            P.HELD,
        )
        for event, deed in (
            (E.DRIFT_GONE, heals),
            (E.DRIFT_CHANGED, changes),
            (E.CANCELLED, is_cancelled),
        )
    },
    **{
        (state, E.SPLIT): (state, waits_in_part)
        for state in (P.DETECTED, P.QUEUED, P.HELD, P.PLANNING)
    },
    (P.DETECTED, E.SEEN_AGAIN): (P.CONFIRMED, goes_on),
    (P.CONFIRMED, E.SPLIT): (P.CONFIRMED, is_ignored_in_part),
    (P.CONFIRMED, E.POLICY_EVALUATED): (P.CONFIRMED, goes_on),
    (P.DECIDED, E.SPLIT): (P.DECIDED, is_ignored_in_part),
    (P.DECIDED, E.ADMITTED): (P.DECIDED, goes_on),
    (P.DECIDED, E.IGNORED): (P.DECIDED, is_refused),
    (P.DECIDED, E.APPROVAL_NEEDED): (P.DECIDED, is_asked_for_first),
    (P.AWAITING_APPROVAL, E.APPROVED): (P.AWAITING_APPROVAL, is_approved),
    (P.AWAITING_APPROVAL, E.VOIDED): (P.AWAITING_APPROVAL, is_of_another_state),
    (P.AWAITING_APPROVAL, E.REJECTED): (P.AWAITING_APPROVAL, is_rejected),
    (P.AWAITING_APPROVAL, E.SPLIT): (P.AWAITING_APPROVAL, is_divided),
    (P.AWAITING_APPROVAL, E.TIME_RAN_OUT): (P.AWAITING_APPROVAL, runs_out),
    (P.AWAITING_APPROVAL, E.IGNORED): (P.AWAITING_APPROVAL, is_suppressed),
    (P.QUEUED, E.APPROVED): (P.AWAITING_APPROVAL, is_approved_by_two(P.QUEUED)),
    (P.PLANNING, E.APPROVED): (P.AWAITING_APPROVAL, is_approved_by_two(P.PLANNING)),
    (P.QUEUED, E.PLAN_STARTED): (P.QUEUED, goes_on),
    (P.QUEUED, E.GUARD_CLOSED): (P.QUEUED, is_held),
    (P.HELD, E.GUARDS_OPEN): (P.HELD, goes_on),
    (P.PLANNING, E.PLAN_EMPTY): (P.PLANNING, heals_unseen),
    (P.PLANNING, E.PLAN_FAILED): (P.PLANNING, is_planned_later),
    (P.PLANNING, E.GIVEN_UP): (P.PLANNING, is_never_planned),
    (P.PLANNING, E.APPROVAL_NEEDED): (P.PLANNING, needs_an_approval),
    (P.PLANNING, E.GUARD_CLOSED): (P.PLANNING, is_held),
    (P.PLANNING, E.APPLY_STARTED): (P.PLANNING, goes_on),
    (P.APPLYING, E.APPLY_ENDED): (P.PLANNING, goes_on),
    (P.APPLYING, E.APPLY_FAILED_CLEANLY): (P.PLANNING, ends(Fate.FAILS)),
    (P.APPLYING, E.APPLY_IN_DOUBT): (P.PLANNING, ends(Fate.DIES_BEFORE)),
    (P.APPLYING, E.GIVEN_UP): (P.PLANNING, ends(Fate.FAILS, attempts=1)),
    (P.VERIFYING, E.VERIFIED): (P.PLANNING, goes_on),
    (P.VERIFYING, E.STILL_DRIFTED): (P.PLANNING, ends(Fate.HELPS_NOT)),
    (P.VERIFYING, E.GIVEN_UP): (P.PLANNING, ends(Fate.HELPS_NOT, attempts=1)),
    (P.UNKNOWN, E.VERIFIED): (P.PLANNING, ends(Fate.DIES_AFTER)),
    (P.UNKNOWN, E.GIVEN_UP): (P.PLANNING, ends(Fate.DIES_BEFORE)),
    (P.NEEDS_HUMAN, E.RETRIED): (P.NEEDS_HUMAN, is_retried),
    (P.NEEDS_HUMAN, E.IGNORED): (P.NEEDS_HUMAN, is_suppressed),
    (P.NEEDS_HUMAN, E.ABANDONED): (P.NEEDS_HUMAN, is_cancelled),
    (P.NEEDS_HUMAN, E.DRIFT_GONE): (P.NEEDS_HUMAN, heals),
}
"""For each row a state that a remediation rests in, and what happens to it there."""


@contextmanager
def walked() -> Iterator[Walk]:
    """Give a new walk, at whose end the world calms down as the model's does."""
    walk = Walk()
    try:
        yield walk
        walk.house.service.attempts = 3
    finally:
        walk.teardown()


def walk_row(row: Row) -> set[Row]:
    """Walk to what takes `row`; return every row that was taken on the way."""
    state, deed = WALKS[row]
    with walked() as walk:
        known = walk.in_state(state, also=deed in IN_PART)
        deed(walk, known)
        return walk.reached
