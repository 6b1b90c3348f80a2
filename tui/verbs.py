"""What people decide: an immutable set of targets, and how much is asked before it is done."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum
from typing import Final

from reconciler.wire.remediations import Remediation
from tui.lines.plan import destroys
from tui.store.rows import Row
from tui.store.store import Store

BULK: Final = 20
"""A decision about more resources than this is confirmed with their count."""


NO_PLAN: Final = "no plan waits for an approval here; C requests one"


class Tier(IntEnum):
    """How a decision is confirmed."""

    REVERSIBLE = 0
    PLAIN = 1
    """One key, which is not the one that asked."""
    SERIOUS = 2
    """Everything was scrolled past, and the name is typed."""
    BULK = 3
    """The count is typed as well."""


@dataclass(frozen=True, slots=True)
class Target:
    """A remediation as it was when somebody looked: its revision and exactly its plan."""

    id: str
    stack: str
    revision: datetime
    plan_digest: str
    state: str


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding as it was when somebody looked: exactly the drift of this report."""

    id: str
    stack: str
    address: str
    revision: int
    report_id: str


@dataclass(frozen=True, slots=True)
class Asked:
    """One decision about a fixed set of targets, or of findings; `token` is what must be typed."""

    verb: str
    targets: tuple[Target, ...]
    tier: Tier
    token: str = ""
    seen: tuple[Seen, ...] = ()


def target_of(remediation: Remediation) -> Target:
    """Return what is decided about when somebody decides about `remediation` now."""
    return Target(
        remediation.id, remediation.stack, remediation.updated_at,
        remediation.plan_digest or "", remediation.state,
    )  # fmt: skip


def seen_of(row: Row) -> Seen:
    """Return what is decided about when somebody decides about the finding of `row` now."""
    return Seen(row.id, row.stack, row.address, row.revision, row.report_id)


def approval_of(remediations: Iterable[Remediation], *, production: bool) -> Asked:
    """Return the approval of exactly these plans, and how it must be confirmed."""
    chosen = tuple(remediations)
    targets = tuple(target_of(remediation) for remediation in chosen)
    count = sum(max(_touched(found), 1) for found in chosen)
    tier = _tier(chosen, count, production=production)
    stacks = sorted({target.stack for target in targets})
    return Asked("approve", targets, tier, _token(stacks, count, tier))


def about(
    verb: str,
    stacks: Iterable[str],
    *,
    production: bool,
    targets: tuple[Target, ...] = (),
    seen: tuple[Seen, ...] = (),
) -> Asked:
    """Return a decision that destroys nothing; in production the name is typed all the same."""
    tier = Tier.SERIOUS if production else Tier.PLAIN
    return Asked(verb, targets, tier, _token(sorted({*stacks}), 1, tier), seen)


def request_of(
    stacks: Iterable[str],
    count: int,
    *,
    production: bool,
    verb: str = "request",
    targets: tuple[Target, ...] = (),
    seen: tuple[Seen, ...] = (),
) -> Asked:
    """Return what has plans made for `count` resources, and how it must be confirmed.

    A plan of its own changes nothing.
    """
    tier = Tier.BULK if count > BULK else Tier.SERIOUS if production else Tier.REVERSIBLE
    return Asked(verb, targets, tier, _token(sorted({*stacks}), count, tier), seen)


def _touched(remediation: Remediation) -> int:
    """Return how many resources its plan changes."""
    return len(remediation.plan.resources) if remediation.plan else 0


def _tier(chosen: tuple[Remediation, ...], count: int, *, production: bool) -> Tier:
    if count > BULK:
        return Tier.BULK
    serious = production or any(
        found.action_type == "quarantine" or destroys(found.plan) for found in chosen
    )
    return Tier.SERIOUS if serious else Tier.PLAIN


def _token(stacks: Sequence[str], count: int, tier: Tier) -> str:
    if tier < Tier.SERIOUS:
        return ""
    # Of many stacks nobody types every name: their number says that they were seen.
    name = stacks[0] if len(stacks) == 1 else f"{len(stacks)} stacks"
    return f"{name} {count}" if tier is Tier.BULK else name


def moved(asked: Asked, store: Store) -> tuple[str, ...]:
    """Return what is not any more what was looked at: remediations by id, findings by address."""
    return (
        *(target.id for target in asked.targets if has_moved(target, store)),
        *(
            seen.address
            for seen in asked.seen
            if _RESTS_ON.get(asked.verb, has_changed)(seen, store)
        ),
    )


def has_moved(target: Target, store: Store) -> bool:
    """Whether a remediation has another plan, or is at another state, than was looked at."""
    now = store.remediations.get(target.id)
    return now is None or (now.plan_digest or "", now.state) != (target.plan_digest, target.state)


def has_changed(seen: Seen, store: Store) -> bool:
    """Whether a finding shows other drift than was looked at, or is remediated otherwise."""
    now = store.rows.get(seen.id)
    return drifted_on(seen, store) or (now is not None and now.revision != seen.revision)


def drifted_on(seen: Seen, store: Store) -> bool:
    """Whether a finding shows other drift than was looked at, or none any more."""
    now = store.rows.get(seen.id)
    return now is None or now.report_id != seen.report_id


def isolated_no_more(seen: Seen, store: Store) -> bool:
    """Whether a finding in quarantine shows other drift than was looked at, or is in none.

    Where the remediation stands that isolated it is nothing that a release rests on: it may be read
    later than the finding, and is verified for a moment after what it isolates is cut off.
    """
    now = store.rows.get(seen.id)
    return drifted_on(seen, store) or (now is not None and now.state != "quarantined")


_RESTS_ON: Final[Mapping[str, Callable[[Seen, Store], bool]]] = {"release": isolated_no_more}
"""By verb, what makes that of a finding another thing than was looked at."""
