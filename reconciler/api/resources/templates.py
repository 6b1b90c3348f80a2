"""`/templates`: declared forms, derived from stacks or uploaded, with their history."""

from __future__ import annotations

from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, nothing
from reconciler.api.queries import TemplatesQuery
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import TemplateId
from reconciler.engine import templates
from reconciler.engine.templates import TemplateDraft
from reconciler.wire import mapping
from reconciler.wire.pages import page_object, whole_object
from reconciler.wire.templates import TemplateBody, template_of


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
    return answered(page_object(page, template_of))


async def create_template(service: Daemon, actor: Actor, body: TemplateBody) -> Response:
    """Upload a template, as JSON or YAML."""
    made = await templates.create(service, _draft(body), actor=actor)
    headers = {"Location": f"/api/v1/templates/{made.template_id}"}
    return answered(template_of(made), status=201, headers=headers)


async def read_template(service: Daemon, template_id: Id) -> Response:
    """Read one template."""
    found = await service.store.read(lambda view: view.templates.get(TemplateId(template_id)))
    if found is None:
        raise NotFoundError(f"there is no template {template_id}")
    return answered(template_of(found))


async def update_template(
    service: Daemon, actor: Actor, template_id: Id, body: TemplateBody
) -> Response:
    """Replace an uploaded template; what it was stays in its history."""
    changed = await templates.update(service, TemplateId(template_id), _draft(body), actor=actor)
    return answered(template_of(changed))


async def delete_template(service: Daemon, actor: Actor, template_id: Id) -> Response:
    """Remove an uploaded template."""
    await templates.delete(service, TemplateId(template_id), actor=actor)
    return nothing()


async def list_revisions(service: Daemon, template_id: Id) -> Response:
    """List a template's revisions, newest first."""
    found = await service.store.read(lambda view: view.templates.revisions(TemplateId(template_id)))
    if not found:
        raise NotFoundError(f"there is no template {template_id}")
    return answered(whole_object(found, template_of))


def _draft(body: TemplateBody) -> TemplateDraft:
    return mapping.stated(TemplateDraft(body.resource_type, body.template_definition), body)
