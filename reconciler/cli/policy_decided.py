"""One drift, and what policies decide on it, in words."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.policy import Act, Below, Decision, Policy, Subject, action_on
from reconciler.domain.values import Json


@dataclass(frozen=True, slots=True)
class Decided:
    """`finding` is the API's object of it; empty where it is only described."""

    finding: Json
    decision: Decision
    subject: Subject

    @property
    def word(self) -> str:
        """What would be done."""
        match self.decision:
            case Act():
                return action_on(self.decision, self.subject).value
            case Below():
                return "below"
            case _:
                return "observe"

    @property
    def policy(self) -> Policy | None:
        """Which one decided."""
        return self.decision.policy if isinstance(self.decision, Act | Below) else None
