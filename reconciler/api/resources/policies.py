"""`/policies`: what is to be done about which drift."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, nothing, page_of
from reconciler.api.bodies import ListQuery, PolicyBody, read_time, severity
from reconciler.domain.errors import NotFoundError
from reconciler.domain.policy import ActionType, Policy, PolicyId
from reconciler.engine import policies
from reconciler.engine.policies import PolicyDraft
from reconciler.wire.service import page_object, policy_object


async def list_policies(service: Daemon, query: Annotated[ListQuery, Query()]) -> Response:
    """List policies in the order they are asked."""
    found = await service.store.read(lambda view: view.policies.all())
    order = {policy.policy_id: place for place, policy in enumerate(found)}

    def place(policy: Policy) -> str:
        return f"{order[policy.policy_id]:08d}"

    return answered(page_object(page_of(found, query, key=place), policy_object))


async def create_policy(service: Daemon, actor: Actor, body: PolicyBody) -> Response:
    """Keep a new policy."""
    made = await policies.create(service, _draft(body), actor=actor)
    headers = {"Location": f"/api/v1/policies/{made.policy_id}"}
    return answered(policy_object(made), status=201, headers=headers)


async def read_policy(service: Daemon, policy_id: Id) -> Response:
    """Read one policy."""
    found = await service.store.read(lambda view: view.policies.get(policy_id))
    if found is None:
        raise NotFoundError(f"there is no policy {policy_id}")
    return answered(policy_object(found))


async def update_policy(service: Daemon, actor: Actor, policy_id: Id, body: PolicyBody) -> Response:
    """Replace what a policy says; one of `trueup.toml` is changed there."""
    changed = await policies.update(service, PolicyId(policy_id), _draft(body), actor=actor)
    return answered(policy_object(changed))


async def delete_policy(service: Daemon, actor: Actor, policy_id: Id) -> Response:
    """Remove a policy; one of `trueup.toml` is removed there."""
    await policies.delete(service, PolicyId(policy_id), actor=actor)
    return nothing()


def _draft(body: PolicyBody) -> PolicyDraft:
    return PolicyDraft(
        name=body.name,
        action_type=ActionType(body.action_type),
        selection=body.match.selection(),
        drift_threshold=severity(body.drift_threshold),
        min_score=body.min_score,
        template_id=body.template_id,
        script=body.script,
        owner=body.owner,
        reason=body.reason,
        expires_at=read_time(body.expires_at) if body.expires_at else None,
        position=body.position,
    )
