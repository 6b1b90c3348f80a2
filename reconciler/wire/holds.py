"""The kill switch on the wire."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from reconciler.wire import mapping
from reconciler.wire.model import Body, Wire
from reconciler.wire.rules import Time, text

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldBody(Body):
    """The kill switch: why, and until when."""

    reason: Annotated[str, text(least=0, most=2000)] = ""
    until: Time | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold(Wire):
    """Who pulled the kill switch."""

    by: str
    reason: str
    since: Time
    until: Time | None


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldState(Wire):
    """The kill switch; null while it is not pulled."""

    hold: Hold | None


def hold_of(hold: records.Hold | None) -> HoldState:
    """Return the kill switch: who pulled it and why, or null."""
    return HoldState(hold=mapping.shown(Hold, hold) if hold else None)
