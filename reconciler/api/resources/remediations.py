"""`/remediations`: corrections on their way, and what people decide about them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Asker, Daemon, Id, answered
from reconciler.api.queries import OPEN_STATE, RemediationsQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.model import ResourceAddress
from reconciler.domain.policy import ActionType
from reconciler.domain.records import RemediationId, ReportId
from reconciler.domain.remediation_states import RemediationState
from reconciler.engine import decisions, requesting, splitting
from reconciler.engine.quarantine import releasing
from reconciler.wire.pages import page_object
from reconciler.wire.remediations import (
    ApproveBody,
    DecisionBody,
    RemediationBody,
    SplitBody,
    SuppressBody,
    remediation_of,
)


async def list_remediations(
    service: Daemon, query: Annotated[RemediationsQuery, Query()]
) -> Response:
    """List remediations, newest first; `state=open` is every one that has not ended."""
    state = RemediationState(query.state) if query.state not in (None, OPEN_STATE) else None
    page = await service.store.read(
        lambda view: view.remediations.page(
            state=state,
            stack=query.stack,
            open_only=query.state == OPEN_STATE,
            cursor=query.cursor,
            limit=query.limit,
        )
    )
    return answered(page_object(page, remediation_of))


async def request_remediation(service: Daemon, asker: Asker, body: RemediationBody) -> Response:
    """Ask that the drift of a report be corrected; an open remediation of it is returned."""
    asked = await requesting.request(
        service,
        ReportId(body.report_id),
        action_type=ActionType(body.action_type) if body.action_type else None,
        isolation_group=body.isolation_group,
        actor=asker.subject,
        person=asker.person,
    )
    headers = {"Location": f"/api/v1/remediations/{asked.id}"}
    return answered(remediation_of(asked), status=201, headers=headers)


async def read_remediation(service: Daemon, remediation_id: Id) -> Response:
    """Read one remediation with its plan."""
    found = await service.store.read(
        lambda view: view.remediations.get(RemediationId(remediation_id))
    )
    if found is None:
        raise NotFoundError(f"there is no remediation {remediation_id}")
    return answered(remediation_of(found))


async def approve(service: Daemon, asker: Asker, remediation_id: Id, body: ApproveBody) -> Response:
    """Let exactly the plan of this digest be applied."""
    moved = await decisions.approve(
        service,
        RemediationId(remediation_id),
        plan_digest=body.plan_digest,
        actor=asker.subject,
        person=asker.person,
    )
    return answered(remediation_of(moved))


async def split(service: Daemon, asker: Asker, remediation_id: Id, body: SplitBody) -> Response:
    """Give some of its resources a remediation, and a plan, of their own."""
    made = await splitting.split(
        service,
        RemediationId(remediation_id),
        addresses=frozenset(map(ResourceAddress, body.addresses)),
        actor=asker.subject,
        person=asker.person,
    )
    headers = {"Location": f"/api/v1/remediations/{made.id}"}
    return answered(remediation_of(made), status=201, headers=headers)


async def reject(service: Daemon, actor: Actor, remediation_id: Id, body: DecisionBody) -> Response:
    """End it undone; the same drift is not proposed again."""
    moved = await decisions.reject(
        service,
        RemediationId(remediation_id),
        reason=body.reason,
        plan_digest=body.plan_digest,
        actor=actor,
    )
    return answered(remediation_of(moved))


async def cancel(service: Daemon, actor: Actor, remediation_id: Id) -> Response:
    """End it; an apply that is under way is asked once to stop."""
    moved = await decisions.cancel(service, RemediationId(remediation_id), actor=actor)
    return answered(remediation_of(moved))


async def release(service: Daemon, asker: Asker, remediation_id: Id) -> Response:
    """Connect what this remediation isolated; the remediation that does so is returned."""
    made = await releasing.release(
        service, RemediationId(remediation_id), actor=asker.subject, person=asker.person
    )
    headers = {"Location": f"/api/v1/remediations/{made.id}"}
    return answered(remediation_of(made), status=201, headers=headers)


async def retry(service: Daemon, actor: Actor, remediation_id: Id, body: DecisionBody) -> Response:
    """Begin anew what needed a person, with a fresh plan."""
    moved = await decisions.retry(
        service,
        RemediationId(remediation_id),
        reason=body.reason,
        plan_digest=body.plan_digest,
        actor=actor,
    )
    return answered(remediation_of(moved))


async def suppress(
    service: Daemon, actor: Actor, remediation_id: Id, body: SuppressBody
) -> Response:
    """End it and ignore its findings until they change, or until a time."""
    moved = await decisions.suppress(
        service,
        RemediationId(remediation_id),
        reason=body.reason,
        plan_digest=body.plan_digest,
        actor=actor,
        until=body.until,
    )
    return answered(remediation_of(moved))
