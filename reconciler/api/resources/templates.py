"""`/templates`: declared forms, derived from stacks or uploaded, with their history."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from itertools import pairwise
from typing import Annotated

from fastapi import Query
from starlette.responses import Response

from reconciler.api.answers import Actor, Daemon, Id, answered, nothing
from reconciler.api.queries import TemplatesQuery
from reconciler.comparison import Comparison, compare_pairs
from reconciler.domain.errors import NotFoundError
from reconciler.domain.records import Template, TemplateId
from reconciler.engine import templates
from reconciler.engine.templates import TemplateDraft
from reconciler.wire import mapping
from reconciler.wire.comparisons import comparison_of
from reconciler.wire.model import Wire
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
    # Beside the loop: it may take as long as its time box.
    comparisons = await asyncio.to_thread(_compared, found)
    pairs = list(zip(found, comparisons, strict=True))
    return answered(whole_object(pairs, _revision))


def _compared(revisions: Sequence[Template]) -> list[Comparison | None]:
    """Return what differs between each revision and the one before, which follows it."""
    definitions = [dict(revision.template_definition) for revision in revisions]
    pairs = [
        None if before == after else (before, after) for after, before in pairwise(definitions)
    ]
    # Its name or what it applies to changed, where the definitions are equal.
    return [*(found or Comparison() for found in compare_pairs(pairs)), None]


def _revision(pair: tuple[Template, Comparison | None]) -> Wire:
    revision, found = pair
    return template_of(revision, None if found is None else comparison_of(found))


def _draft(body: TemplateBody) -> TemplateDraft:
    return mapping.stated(TemplateDraft(body.resource_type, body.template_definition), body)
