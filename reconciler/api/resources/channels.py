"""`/channels`: where alerts are shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.requests import Request
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, page_of
from reconciler.api.queries import ListQuery
from reconciler.api.refusal import Refusal
from reconciler.domain.alerts import ChannelState
from reconciler.domain.records import Page
from reconciler.engine.channel_states import channel_states
from reconciler.engine.channel_tests import try_channel
from reconciler.engine.slack_decisions import NotAllowedError, NotSlackError, SlackDecisions
from reconciler.wire import mapping
from reconciler.wire.channels import Channel, ChannelTried
from reconciler.wire.pages import page_object


async def list_channels(service: Daemon, query: Annotated[ListQuery, Query()]) -> Response:
    """List channels, by name, with what each still has to show."""
    found = await channel_states(service)
    page: Page[ChannelState] = page_of(found, query, key=lambda channel: channel.name)
    return answered(page_object(page, lambda channel: mapping.shown(Channel, channel)))


async def take_press(request: Request, name: Id) -> Response:
    """Take a press of a button that Slack signed (docs/alerts.md)."""
    decisions: SlackDecisions = request.app.state.slack_decisions
    try:
        await decisions.take(
            name,
            timestamp=request.headers.get("x-slack-request-timestamp", ""),
            signature=request.headers.get("x-slack-signature", ""),
            body=await request.body(),
        )
    except NotSlackError as error:
        raise Refusal(401, "unauthorized", str(error)) from error
    except NotAllowedError as error:
        raise Refusal(403, "forbidden", str(error), remedy=error.remedy) from error
    return Response()  # Slack takes no other answer than 200 for a good one


async def test_channel(service: Daemon, actor: Actor, name: Id) -> Response:
    """Show an alert on one channel and end it again; say what came back."""
    tried = await try_channel(service, name, actor=actor)
    return answered(mapping.shown(ChannelTried, tried))
