"""The time."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The only source of time in the engine."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...
