"""`/whoami`: whose token it is, and what it may."""

from __future__ import annotations

from starlette.responses import Response

from reconciler.api.answers import Asker, answered
from reconciler.domain.principals import PERMISSIONS
from reconciler.wire.whoami import whoami_of


async def whoami(principal: Asker) -> Response:
    """Say whose token was shown, with its role and permissions."""
    permissions = sorted(permission.value for permission in PERMISSIONS[principal.role])
    return answered(whoami_of(principal, permissions))
