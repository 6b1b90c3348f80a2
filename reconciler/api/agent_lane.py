"""Reports of agents, past everything that only people's requests need.

Ten thousand a second come, so nothing is looked up for one that its signature does not need: no
route among sixty, no token, no body as a tree. The table lists the operation all the same.
"""

from __future__ import annotations

from starlette.requests import ClientDisconnect, Request
from starlette.types import ASGIApp, Receive, Scope, Send

from agent.protocol.messages import REPORTS_PATH
from reconciler.api.problem import refusal_of
from reconciler.api.resources.agents import take_report


class AgentLaneMiddleware:
    """Answers reports of agents itself, and lets everything else pass."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] != REPORTS_PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await take_report(Request(scope, receive))
        except ClientDisconnect:
            return  # nobody takes an answer
        except Exception as error:
            refusal = refusal_of(error)
            if refusal.status == 500:  # noqa: PLR2004 - whoever logs it is further out
                raise
            response = refusal.response()
        await response(scope, receive, send)
