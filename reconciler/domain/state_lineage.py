"""Is this state the successor of the one that was read last?

A state carries the `lineage` it was made with and a `serial` that only rises. One that is gone,
of another lineage or of a lower serial shows what nobody did as drift: nothing of its stack is
corrected unasked until a person says that it is the right one.
"""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.domain.model import ProviderDoubt

WHOLE_STACK = ""
"""The provider of a doubt that is about everything in a stack."""


@dataclass(frozen=True, slots=True)
class StateMark:
    """Which state it is; an empty `lineage` is that of no state, or of a tool that has none."""

    lineage: str = ""
    serial: int | None = None


def state_doubt(known: StateMark, now: StateMark, *, stack: str) -> ProviderDoubt | None:
    """Return why `now` cannot follow upon `known`; None when it can, or nothing was known."""
    lack = _lack(known, now)
    if lack is None:
        return None
    remedy = f"put the right one back, or run `trueup stack accept-state {stack}`"
    return ProviderDoubt(WHOLE_STACK, f"{lack}; {remedy}")


def _lack(known: StateMark, now: StateMark) -> str | None:
    if not known.lineage:
        return None
    if not now.lineage:
        return f"the state is gone: {_told(known)} was read before"
    if now.lineage != known.lineage:
        return (
            f"the state is another one: it has the lineage {now.lineage[:40]}, and"
            f" {_told(known)} was read before"
        )
    if known.serial is not None and now.serial is not None and now.serial < known.serial:
        return (
            f"the state is an older copy: it has the serial {now.serial}, and"
            f" {_told(known)} was read before"
        )
    return None


def _told(mark: StateMark) -> str:
    serial = "" if mark.serial is None else f" with the serial {mark.serial}"
    return f"the lineage {mark.lineage[:40]}{serial}"
