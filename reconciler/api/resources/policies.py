"""`/policies`: what is to be done about which drift."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, nothing, page_of
from reconciler.api.queries import ListQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.policy import Policy, PolicyId
from reconciler.engine import policies
from reconciler.wire.pages import page_object
from reconciler.wire.policies import PolicyBody, policy_of


async def list_policies(service: Daemon, query: Annotated[ListQuery, Query()]) -> Response:
    """List policies in the order they are asked."""
    found = await service.store.read(lambda view: view.policies.all())
    order = {policy.policy_id: place for place, policy in enumerate(found)}

    def place(policy: Policy) -> str:
        return f"{order[policy.policy_id]:08d}"

    return answered(page_object(page_of(found, query, key=place), policy_of))


async def create_policy(service: Daemon, actor: Actor, body: PolicyBody) -> Response:
    """Keep a new policy."""
    made = await policies.create(service, body, actor=actor)
    headers = {"Location": f"/api/v1/policies/{made.policy_id}"}
    return answered(policy_of(made), status=201, headers=headers)


async def read_policy(service: Daemon, policy_id: Id) -> Response:
    """Read one policy."""
    found = await service.store.read(lambda view: view.policies.get(policy_id))
    if found is None:
        raise NotFoundError(f"there is no policy {policy_id}")
    return answered(policy_of(found))


async def update_policy(service: Daemon, actor: Actor, policy_id: Id, body: PolicyBody) -> Response:
    """Replace what a policy says; one of `trueup.toml` is changed there."""
    changed = await policies.update(service, PolicyId(policy_id), body, actor=actor)
    return answered(policy_of(changed))


async def delete_policy(service: Daemon, actor: Actor, policy_id: Id) -> Response:
    """Remove a policy; one of `trueup.toml` is removed there."""
    await policies.delete(service, PolicyId(policy_id), actor=actor)
    return nothing()
