"""The remediation's state machine: one table, and what each state allows.

The rows are those of `docs/adr/0004-state-machine.md`. A pair that is not in the table
is an error: nobody may invent a transition.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from reconciler.domain.errors import PermanentError


class RemediationState(StrEnum):
    """Where a remediation stands; the value is what the API shows as `state`."""

    DETECTED = "detected"
    CONFIRMED = "confirmed"
    DECIDED = "decided"
    AWAITING_APPROVAL = "awaiting_approval"
    QUEUED = "queued"
    PLANNING = "planning"
    APPLYING = "applying"
    VERIFYING = "verifying"
    HELD = "held"
    UNKNOWN = "unknown"
    NEEDS_HUMAN = "needs_human"
    CONVERGED = "converged"
    SUPPRESSED = "suppressed"
    SUPERSEDED = "superseded"
    REJECTED = "rejected"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"


class Event(StrEnum):
    """What moves a remediation on."""

    SEEN_AGAIN = "seen_again"
    POLICY_EVALUATED = "policy_evaluated"
    IGNORED = "ignored"
    ADMITTED = "admitted"
    APPROVAL_NEEDED = "approval_needed"
    APPROVED = "approved"
    VOIDED = "voided"
    REJECTED = "rejected"
    SPLIT = "split"
    TIME_RAN_OUT = "time_ran_out"
    CANCELLED = "cancelled"
    DRIFT_CHANGED = "drift_changed"
    DRIFT_GONE = "drift_gone"
    GUARD_CLOSED = "guard_closed"
    GUARDS_OPEN = "guards_open"
    PLAN_STARTED = "plan_started"
    PLAN_EMPTY = "plan_empty"
    PLAN_FAILED = "plan_failed"
    APPLY_STARTED = "apply_started"
    APPLY_ENDED = "apply_ended"
    APPLY_FAILED_CLEANLY = "apply_failed_cleanly"
    APPLY_IN_DOUBT = "apply_in_doubt"
    VERIFIED = "verified"
    STILL_DRIFTED = "still_drifted"
    GIVEN_UP = "given_up"
    RETRIED = "retried"
    ABANDONED = "abandoned"


TERMINAL: Final = frozenset(
    {
        RemediationState.CONVERGED,
        RemediationState.SUPPRESSED,
        RemediationState.SUPERSEDED,
        RemediationState.REJECTED,
        RemediationState.EXPIRED,
        RemediationState.CANCELLED,
        RemediationState.FAILED,
    }
)
OPEN: Final = frozenset(RemediationState) - TERMINAL
IN_EFFECT: Final = frozenset(
    {RemediationState.APPLYING, RemediationState.VERIFYING, RemediationState.UNKNOWN}
)
"""The world may be changing, or may have: at most one remediation of a stack is in these."""

BEFORE_EFFECT: Final = OPEN - IN_EFFECT - {RemediationState.NEEDS_HUMAN}
"""Nothing was changed yet, so a remediation may simply end."""

FOR_PERSON: Final = frozenset({RemediationState.AWAITING_APPROVAL, RemediationState.NEEDS_HUMAN})
"""Only a person moves it on, or the end of the time that person has."""

_P, _E = RemediationState, Event
_FORWARD: Final[Mapping[tuple[RemediationState, Event], RemediationState]] = {
    (_P.DETECTED, _E.SEEN_AGAIN): _P.CONFIRMED,
    (_P.DETECTED, _E.SPLIT): _P.SUPERSEDED,
    (_P.CONFIRMED, _E.POLICY_EVALUATED): _P.DECIDED,
    (_P.CONFIRMED, _E.SPLIT): _P.SUPERSEDED,
    (_P.DECIDED, _E.IGNORED): _P.SUPPRESSED,
    (_P.DECIDED, _E.ADMITTED): _P.QUEUED,
    (_P.DECIDED, _E.SPLIT): _P.SUPERSEDED,
    (_P.DECIDED, _E.APPROVAL_NEEDED): _P.AWAITING_APPROVAL,
    (_P.AWAITING_APPROVAL, _E.APPROVED): _P.QUEUED,
    (_P.AWAITING_APPROVAL, _E.VOIDED): _P.QUEUED,
    (_P.AWAITING_APPROVAL, _E.REJECTED): _P.REJECTED,
    (_P.AWAITING_APPROVAL, _E.SPLIT): _P.SUPERSEDED,
    (_P.AWAITING_APPROVAL, _E.TIME_RAN_OUT): _P.EXPIRED,
    (_P.AWAITING_APPROVAL, _E.IGNORED): _P.SUPPRESSED,
    (_P.QUEUED, _E.APPROVED): _P.QUEUED,
    (_P.PLANNING, _E.APPROVED): _P.QUEUED,
    (_P.QUEUED, _E.PLAN_STARTED): _P.PLANNING,
    (_P.QUEUED, _E.SPLIT): _P.SUPERSEDED,
    (_P.PLANNING, _E.PLAN_EMPTY): _P.CONVERGED,
    (_P.PLANNING, _E.PLAN_FAILED): _P.QUEUED,
    (_P.PLANNING, _E.APPROVAL_NEEDED): _P.AWAITING_APPROVAL,
    (_P.PLANNING, _E.SPLIT): _P.SUPERSEDED,
    (_P.PLANNING, _E.APPLY_STARTED): _P.APPLYING,
    (_P.APPLYING, _E.APPLY_ENDED): _P.VERIFYING,
    (_P.APPLYING, _E.APPLY_FAILED_CLEANLY): _P.QUEUED,
    (_P.APPLYING, _E.APPLY_IN_DOUBT): _P.UNKNOWN,
    (_P.APPLYING, _E.GIVEN_UP): _P.NEEDS_HUMAN,
    (_P.VERIFYING, _E.VERIFIED): _P.CONVERGED,
    (_P.VERIFYING, _E.STILL_DRIFTED): _P.QUEUED,
    (_P.VERIFYING, _E.GIVEN_UP): _P.NEEDS_HUMAN,
    (_P.HELD, _E.GUARDS_OPEN): _P.QUEUED,
    (_P.HELD, _E.SPLIT): _P.SUPERSEDED,
    (_P.UNKNOWN, _E.VERIFIED): _P.CONVERGED,
    (_P.UNKNOWN, _E.STILL_DRIFTED): _P.QUEUED,
    (_P.UNKNOWN, _E.DRIFT_CHANGED): _P.SUPERSEDED,
    (_P.UNKNOWN, _E.GIVEN_UP): _P.NEEDS_HUMAN,
    (_P.NEEDS_HUMAN, _E.RETRIED): _P.QUEUED,
    (_P.NEEDS_HUMAN, _E.IGNORED): _P.SUPPRESSED,
    (_P.NEEDS_HUMAN, _E.ABANDONED): _P.FAILED,
    (_P.NEEDS_HUMAN, _E.DRIFT_GONE): _P.CONVERGED,
}
_FROM_ANY_BEFORE_EFFECT: Final[Mapping[Event, RemediationState]] = {
    _E.DRIFT_CHANGED: _P.SUPERSEDED,
    _E.DRIFT_GONE: _P.CONVERGED,
    _E.CANCELLED: _P.CANCELLED,
    _E.GUARD_CLOSED: _P.HELD,
    _E.GIVEN_UP: _P.NEEDS_HUMAN,
}


class IllegalTransitionError(PermanentError):
    """The table has no such row."""


def next_state(state: RemediationState, event: Event) -> RemediationState:
    """Return where `event` leads from `state`.

    Raises:
        IllegalTransitionError: nowhere.
    """
    if (state, event) in _FORWARD:
        return _FORWARD[state, event]
    if state in BEFORE_EFFECT and event in _FROM_ANY_BEFORE_EFFECT:
        return _FROM_ANY_BEFORE_EFFECT[event]
    raise IllegalTransitionError(f"{event} means nothing to a remediation that is {state}")


def transitions() -> Mapping[tuple[RemediationState, Event], RemediationState]:
    """Return the whole table, for documents and tests that go through all of it."""
    before = {
        (state, event): target
        for state in BEFORE_EFFECT
        for event, target in _FROM_ANY_BEFORE_EFFECT.items()
    }
    return {**before, **_FORWARD}
