"""`/alerts`: one per cause, and where each is shown."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered
from reconciler.api.queries import AlertsQuery
from reconciler.domain.alerts import AlertState, Delivery
from reconciler.engine import muting
from reconciler.engine import shown_alerts as engine
from reconciler.engine.shown_alerts import ShownAlert
from reconciler.wire import mapping
from reconciler.wire.alerts import Alert, MuteBody, ShownOn, Ticket
from reconciler.wire.pages import page_object


async def list_alerts(service: Daemon, query: Annotated[AlertsQuery, Query()]) -> Response:
    """List alerts, newest first."""
    state = None if query.state is None else AlertState(query.state)
    page = await engine.shown_alerts(service, state=state, cursor=query.cursor, limit=query.limit)
    return answered(page_object(page, _alert))


async def read_alert(service: Daemon, alert_id: Id) -> Response:
    """Read one alert."""
    return answered(_alert(await engine.shown_alert(service, alert_id)))


async def mute_alert(service: Daemon, actor: Actor, alert_id: Id, body: MuteBody) -> Response:
    """Show nothing more of an alert until it is over."""
    await muting.mute(service, alert_id, reason=body.reason, actor=actor)
    return await read_alert(service, alert_id)


async def unmute_alert(service: Daemon, actor: Actor, alert_id: Id) -> Response:
    """Show a muted alert again."""
    await muting.unmute(service, alert_id, actor=actor)
    return await read_alert(service, alert_id)


def _alert(shown: ShownAlert) -> Alert:
    notice = shown.notice
    return mapping.shown(
        Alert,
        shown.alert,
        title=notice.title,
        total=notice.total,
        still_open=notice.still_open,
        stacks=list(notice.stacks),
        finding_ids=[member.finding_id for member in notice.members if member.finding_id],
        shown_on=[_shown_on(delivery, shown.alert.revision) for delivery in shown.deliveries],
    )


def _shown_on(delivery: Delivery, revision: int) -> ShownOn:
    behind = delivery.sent_revision < revision
    receipt = delivery.receipt
    return ShownOn(
        channel=delivery.channel,
        state="given_up" if delivery.given_up else "waiting" if behind else "shown",
        sent_at=delivery.sent_at if delivery.shown else None,
        ticket=Ticket(channel=delivery.channel, key=receipt["key"], url=receipt["url"])
        if engine.is_ticket(receipt)
        else None,
        error=delivery.error or delivery.not_reached,
    )
