"""`/templates`: declared forms, derived from stacks or uploaded, with their history."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, nothing
from reconciler.api.bodies import TemplateBody, TemplatesQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import TemplateId
from reconciler.engine import templates
from reconciler.engine.templates import TemplateDraft
from reconciler.wire.service import page_object, template_object, whole_object


async def list_templates(service: Daemon, query: Annotated[TemplatesQuery, Query()]) -> Response:
    """List templates, by id."""
    page = await service.store.read(
        lambda view: view.templates.page(
            resource_type=query.resource_type,
            stack=query.stack,
            cursor=query.cursor,
            limit=query.limit,
        )
    )
    return answered(page_object(page, template_object))


async def create_template(service: Daemon, actor: Actor, body: TemplateBody) -> Response:
    """Upload a template, as JSON or YAML."""
    made = await templates.create(service, _draft(body), actor=actor)
    headers = {"Location": f"/api/v1/templates/{made.template_id}"}
    return answered(template_object(made), status=201, headers=headers)


async def read_template(service: Daemon, template_id: Id) -> Response:
    """Read one template."""
    found = await service.store.read(lambda view: view.templates.get(TemplateId(template_id)))
    if found is None:
        raise NotFoundError(f"there is no template {template_id}")
    return answered(template_object(found))


async def update_template(
    service: Daemon, actor: Actor, template_id: Id, body: TemplateBody
) -> Response:
    """Replace an uploaded template; what it was stays in its history."""
    changed = await templates.update(service, TemplateId(template_id), _draft(body), actor=actor)
    return answered(template_object(changed))


async def delete_template(service: Daemon, actor: Actor, template_id: Id) -> Response:
    """Remove an uploaded template."""
    await templates.delete(service, TemplateId(template_id), actor=actor)
    return nothing()


async def list_revisions(service: Daemon, template_id: Id) -> Response:
    """List a template's revisions, newest first."""
    found = await service.store.read(lambda view: view.templates.revisions(TemplateId(template_id)))
    if not found:
        raise NotFoundError(f"there is no template {template_id}")
    return answered(whole_object(found, template_object))


def _draft(body: TemplateBody) -> TemplateDraft:
    return TemplateDraft(
        resource_type=body.resource_type,
        template_definition=body.template_definition,
        name=body.name,
        applies_to=tuple(body.applies_to),
    )
