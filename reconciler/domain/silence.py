"""Which agents should have reported by now, and whether it may be us who do not hear. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from reconciler.domain.agents import Agent, AgentState

_MISSED: Final = 3
_GRACE: Final = timedelta(minutes=1)
_FEWEST: Final = 5
_SHARE: Final = 5
"""One in so many silent at once, and at least `_FEWEST`, is more likely our network than theirs."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The agents that are overdue; `probably_us` says that nothing is to be made of it yet."""

    overdue: tuple[Agent, ...]
    probably_us: bool = False


def silence_of(agents: Iterable[Agent], *, listening_since: datetime, now: datetime) -> Silence:
    """Return who has missed three reports in a row, at `now`.

    While nobody listened nobody could be heard, so no wait began before `listening_since`.
    """
    active = [agent for agent in agents if agent.state is AgentState.ACTIVE]
    overdue = tuple(
        agent for agent in active if _heard(agent, listening_since) + _patience(agent) < now
    )
    return Silence(overdue, _is_mass(overdue, active))


def _heard(agent: Agent, listening_since: datetime) -> datetime:
    return max(agent.last_seen_at or agent.enrolled_at, listening_since)


def _patience(agent: Agent) -> timedelta:
    return timedelta(seconds=agent.every_s * _MISSED) + _GRACE


def _is_mass(overdue: Sequence[Agent], active: Sequence[Agent]) -> bool:
    return len(overdue) >= _FEWEST and len(overdue) * _SHARE >= len(active)
