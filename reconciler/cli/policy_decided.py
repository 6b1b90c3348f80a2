"""One drift, and what policies decide on it, in words."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.policy import Act, Below, Decision, Policy, Subject, action_on


@dataclass(frozen=True, slots=True)
class Decided:
    """What was decided, and on which drift."""

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
