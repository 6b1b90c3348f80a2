"""What a guard may answer when it is asked whether a remediation may go on."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from reconciler.domain.model import ResourceAddress
from reconciler.domain.records import Approval

SCAN_AGAIN: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Open:
    """It may go on."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Not now; `until` when it is known how long.

    `about` names the resources that are the reason, so that others need not wait with them; it
    is empty when the answer is for all of them.
    """

    reason: str
    until: datetime | None = None
    about: frozenset[ResourceAddress] = frozenset()

    def next_at(self, now: datetime) -> datetime:
        """Return when it is worth asking again."""
        again = now + SCAN_AGAIN
        return again if self.until is None else min(again, max(self.until, now))


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """Only if `count` persons approve exactly this plan.

    They are of `who`, where that names anybody, and not of `excluding`. They are shown the plan
    first; with `before_plan` none is made, so it can only be rejected. `about` is as in `Hold`.
    """

    why: str
    count: int = 1
    who: tuple[str, ...] = ()
    excluding: tuple[str, ...] = ()
    before_plan: bool = False
    about: frozenset[ResourceAddress] = frozenset()

    def approved_by(self, approvals: Iterable[Approval], plan_digest: str | None) -> frozenset[str]:
        """Return the persons whose approval counts for the plan of `plan_digest`."""
        return frozenset(
            approval.person
            for approval in approvals
            if approval.plan_digest == plan_digest
            and (not self.who or approval.person in self.who)
            and approval.person not in self.excluding
        )


@dataclass(frozen=True, slots=True)
class Refuse:
    """Never: it is given up."""

    why: str


Answer: TypeAlias = Open | Hold | NeedsApproval | Refuse
