"""One operation of the API: where it is, which permission it needs, what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from reconciler.domain.principals import Permission
from reconciler.wire.model import Wire


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the API's table; a `permission` of None is open to everybody.

    `answer` is the shape of a good answer's body, None when there is none or it is no JSON.
    """

    method: str
    path: str
    handler: Callable[..., Any]
    permission: Permission | None
    answer: type[BaseModel | Wire] | None = None
    status: int = 200
    media_type: str = "application/json"
    conflicts: bool = False
    """Whether it may meet something that stands against it; every POST may."""
    yaml: bool = False
    open_on_loopback: bool = False
    secret_answer: bool = False
    raw: bool = False
    """Whether its handler reads the body itself, since it is signed as it was sent."""

    @property
    def takes_body(self) -> bool:
        """Whether a body is looked at."""
        return self.method in {"POST", "PUT"}

    @property
    def may_conflict(self) -> bool:
        """Whether 409 is among its answers."""
        return self.conflicts or self.method == "POST"
