"""A line of the log for reports that are refused: few, however many of them come."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import structlog

from agent.protocol.signing import read_authorization
from reconciler.engine.agent_messages import Incoming
from reconciler.engine.agent_refusals import AgentRefusedError

_EVERY_S: Final = 60.0
_log: Final = structlog.get_logger()


class RefusalLog:
    """Tells of the first report that is refused for a reason, and a minute later of the next one.

    A line says how many were refused for that reason since the line before it.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._told: dict[str, tuple[float, int]] = {}

    def note(self, agent_id: str, outcome: object) -> None:
        """Take note of an outcome that may be a refusal."""
        if not isinstance(outcome, AgentRefusedError):
            return
        now = self._clock()
        told_at, untold = self._told.get(outcome.code, (now - _EVERY_S, 0))
        if now - told_at < _EVERY_S:
            self._told[outcome.code] = told_at, untold + 1
            return
        _log.warning("agent_report_refused", agent=agent_id, reason=outcome.code, untold=untold)
        self._told[outcome.code] = now, 0


def claimed_by(incoming: Incoming) -> str:
    """Return the id of the agent that a message says it is of; nothing where it says none."""
    read = read_authorization(incoming.authorization)
    return "" if read is None else read[0]
