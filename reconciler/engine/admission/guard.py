"""What a guard is: a name, a question, and where it is slow, what it finds out beforehand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from reconciler.domain.errors import PermanentError
from reconciler.domain.policy import Policy
from reconciler.domain.records import FindingRecord, Json, Remediation, Template
from reconciler.engine.admission.answers import Answer
from reconciler.engine.admission.situation import Situation, Stage

EVERY_STAGE: Final = frozenset(Stage)
BEFORE_EFFECT: Final = frozenset({Stage.PLAN, Stage.APPLY})
ONCE_PLANNED: Final = frozenset({Stage.APPLY})


@dataclass(frozen=True, slots=True)
class Evidence:
    """What an evaluation may look at: the remediation, its drift, and the rules of one moment."""

    remediation: Remediation
    findings: tuple[FindingRecord, ...]
    policies: tuple[Policy, ...]
    uploaded: tuple[Template, ...]
    now: datetime


@dataclass(frozen=True, slots=True)
class Evaluated:
    """What an evaluation found out, true until `until` unless the rules or the drift change."""

    result: Json = field(default_factory=dict)
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Guard:
    """One question about a `Situation`.

    `name` is stable: it is shown, counted and documented. `ask` is pure and quick, and is called
    at the stages of `at`. `evaluate` may be slow: it is called outside of any transaction, in a
    thread, and `ask` finds its result by `evaluation_of`.
    """

    name: str
    ask: Callable[[Situation], Answer]
    at: frozenset[Stage] = EVERY_STAGE
    evaluate: Callable[[Evidence], Evaluated] | None = None

    @property
    def needs_plan(self) -> bool:
        """Whether it can only be asked once a plan is there."""
        return Stage.PLAN not in self.at


def evaluation_of(situation: Situation, name: str) -> Json:
    """Return what the evaluation of guard `name` found out.

    Raises:
        PermanentError: it failed, or there is none.
    """
    found = situation.evaluations.get(name)
    if found is None:
        raise PermanentError("it was not evaluated")
    if found.failed is not None:
        raise PermanentError(found.failed)
    return found.result
