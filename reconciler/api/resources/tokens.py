"""`/tokens`: who may call."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query, Request
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, nothing, page_of
from reconciler.api.credentials import Credentials
from reconciler.api.queries import ListQuery
from reconciler.domain.principals import Role
from reconciler.durations import read_duration
from reconciler.engine.tokens import issue_token, revoke_token
from reconciler.wire.pages import page_object
from reconciler.wire.tokens import TokenBody, new_token_of, token_of


async def list_tokens(service: Daemon, query: Annotated[ListQuery, Query()]) -> Response:
    """List tokens, without their secrets."""
    found = await service.store.read(lambda view: view.tokens.all())
    page = page_of(found, query, key=lambda token: token.token_id)
    return answered(page_object(page, token_of))


async def create_token(service: Daemon, actor: Actor, body: TokenBody) -> Response:
    """Make a token; its text is in this answer and never again."""
    token, text = await issue_token(
        service,
        name=body.name,
        role=Role(body.role),
        expires_in=read_duration(body.expires_in) if body.expires_in else None,
        actor=actor,
        person=body.person,
    )
    return answered(new_token_of(token, text), status=201)


async def remove_token(service: Daemon, actor: Actor, request: Request, token_id: Id) -> Response:
    """Take a token away; it opens nothing any more."""
    await revoke_token(service, token_id, actor=actor)
    credentials: Credentials = request.app.state.credentials
    credentials.forget(token_id)
    return nothing()
