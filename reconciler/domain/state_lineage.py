"""Is this state the successor of the one that was read last?

A state carries the `lineage` it was made with and a `serial` that only rises. One that is gone,
of another lineage or of a lower serial shows what nobody did as drift: nothing of its stack is
corrected unasked until a person says that it is the right one. A checkpoint of Pulumi has
neither; when it was written, in whole seconds, stands in for the serial.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from reconciler.domain.model import ProviderDoubt

if TYPE_CHECKING:
    from reconciler.domain.records import StackRecord

WHOLE_STACK = ""
"""The provider of a doubt that is about everything in a stack."""
CHECKPOINT: Final = "checkpoint of "
"""How the lineage of a state begins that has none of its own, and a time as its serial."""
_STATE: Final = "the state is "


@dataclass(frozen=True, slots=True)
class StateMark:
    """Which state it is; an empty `lineage` is that of no state, or of a tool that has none."""

    lineage: str = ""
    serial: int | None = None


def state_doubt(known: StateMark, now: StateMark, *, stack: str) -> ProviderDoubt | None:
    """Return why `now` cannot follow upon `known`; None when it can, or nothing was known."""
    lack = lack_of(known, now)
    if lack is None:
        return None
    remedy = f"put the right one back, or run `trueup stack accept-state {stack}`"
    return ProviderDoubt(WHOLE_STACK, f"{lack}; {remedy}")


def doubt_since_scan(stack: StackRecord, now: StateMark) -> ProviderDoubt | None:
    """Return why `now` cannot follow upon the state of `stack` that was scanned last; else None."""
    return state_doubt(StateMark(stack.lineage, stack.serial), now, stack=stack.name)


def tells_of_state(reasons: Iterable[str]) -> bool:
    """Whether one of `reasons` is such a doubt about the state, or holds one."""
    return any(_STATE in reason for reason in reasons)


def lack_of(known: StateMark, now: StateMark) -> str | None:
    """Return what is wrong with `now` as the successor of `known`; None for nothing."""
    if not known.lineage:
        return None
    if not now.lineage:
        return f"{_STATE}gone: {_told(known)} was read before"
    if now.lineage != known.lineage:
        own = f"it has the lineage {now.lineage[:40]}"
        own = f"it is {_told(now)}" if _is_checkpoint(now) else own
        return f"{_STATE}another one: {own}, and {_told(known)} was read before"
    if known.serial is not None and now.serial is not None and now.serial < known.serial:
        own = f"it is {_told(now)}" if _is_checkpoint(now) else f"it has the serial {now.serial}"
        return f"{_STATE}an older copy: {own}, and {_told(known)} was read before"
    return None


def _told(mark: StateMark) -> str:
    if _is_checkpoint(mark):
        written = datetime.fromtimestamp(mark.serial or 0, UTC)
        return f"the {mark.lineage[:200]} that was written at {written:%Y-%m-%dT%H:%M:%SZ}"
    serial = "" if mark.serial is None else f" with the serial {mark.serial}"
    return f"the lineage {mark.lineage[:40]}{serial}"


def _is_checkpoint(mark: StateMark) -> bool:
    return mark.lineage.startswith(CHECKPOINT)
