"""What is on hold, on the wire."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import TYPE_CHECKING, Annotated

from reconciler.domain.globs import glob_covers
from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import Glob, StackNameText, Time, text

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class HoldBody(Body):
    """Why, until when, and what: one resource of a stack, one stack, or everything."""

    reason: Annotated[str, text(least=0, most=2000)] = ""
    until: Time | None = None
    stack: StackNameText | None = None
    address: Glob | None = None


@model
class Hold(Wire):
    """Who holds what, and why; with `unasked` only what no person approved."""

    by: str
    reason: str
    since: Time
    until: Time | None
    stack: str | None = None
    address: str | None = None
    unasked: bool = False


@model
class HoldState(Wire):
    """The hold on everything that a person set, or null; and every hold there is."""

    hold: Hold | None
    holds: list[Hold] = field(default_factory=list)


def is_about(hold: Hold, *, stack: str, address: str) -> bool:
    """Whether the hold keeps the resource from being corrected: a glob may name many."""
    if hold.stack is not None and hold.stack != stack:
        return False
    return hold.address is None or glob_covers(hold.address, address)


def hold_of(holds: Sequence[records.Hold]) -> HoldState:
    """Return what is on hold."""
    shown = [mapping.shown(Hold, hold) for hold in holds]
    everything = (hold for hold in shown if hold.stack is None and not hold.unasked)
    return HoldState(hold=next(everything, None), holds=shown)
