"""One operation as the API serves it: its route, who may call it, what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import NoneType
from typing import Any, cast

from pydantic import BaseModel

from reconciler.api.listing import Listing
from reconciler.domain.principals import Permission
from reconciler.wire.model import Wire
from reconciler.wire.route import Route


@dataclass(frozen=True, slots=True)
class Operation:
    """One row of the API's table; a `permission` of None is open to everybody."""

    route: Route[Any]
    handler: Callable[..., Any]
    permission: Permission | None
    status: int = 200
    media_type: str = "application/json"
    conflicts: bool = False
    """Whether the current state may not allow it; every POST may meet that."""
    yaml: bool = False
    open_on_loopback: bool = False
    secret_answer: bool = False
    raw: bool = False
    """Whether its handler reads the body itself, since it is signed as it was sent."""

    @property
    def method(self) -> str:
        """Its HTTP method."""
        return self.route.method

    @property
    def path(self) -> str:
        """Its path below the API's prefix, names in braces."""
        return self.route.path

    @property
    def answer(self) -> type[BaseModel | Wire] | None:
        """The shape of a good answer's body; None when there is none or it is no JSON."""
        model = self.route.answer()
        if model is NoneType:
            return None
        shape: Any = Listing.__class_getitem__(model) if self.route.paged else model
        return cast("type[BaseModel | Wire]", shape)

    @property
    def takes_body(self) -> bool:
        """Whether a body is looked at."""
        return self.method in {"POST", "PUT"}

    @property
    def may_conflict(self) -> bool:
        """Whether 409 is among its answers."""
        return self.conflicts or self.method == "POST"
