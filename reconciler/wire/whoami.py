"""Who asks, on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.wire.model import Wire, model
from reconciler.wire.rules import RoleWord

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain.principals import Principal


@model
class WhoAmI(Wire):
    """Whose token it is, and what it may; `person` is what requests and approvals record."""

    name: str
    role: RoleWord
    permissions: list[str]
    person: str | None = None


def whoami_of(principal: Principal, permissions: list[str]) -> WhoAmI:
    """Return who asks."""
    return WhoAmI(
        name=principal.subject,
        role=principal.role.value,
        permissions=permissions,
        person=principal.person,
    )
