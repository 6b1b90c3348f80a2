"""Which templates a resource falls under."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from reconciler.domain.globs import glob_matches
from reconciler.domain.model import ResourceAddress, StackName
from reconciler.domain.records import Template, TemplateId
from reconciler.domain.spelling import canonical_type


def resource_id(stack: StackName, address: ResourceAddress) -> str:
    """Return the name of a resource among all stacks."""
    return f"{stack}/{address}"


def derived_template_id(resource: str) -> TemplateId:
    """Return the id of the template that a stack itself declares; it never changes."""
    return TemplateId("res-" + hashlib.sha256(resource.encode("utf-8", "replace")).hexdigest()[:20])


def covers(template: Template, resource: str, resource_type: str) -> bool:
    """Whether `template` is about the resource: its own, or one that an uploaded one names.

    An uploaded one that names no resources is about none.
    """
    if template.resource_id is not None:
        return template.resource_id == resource
    if canonical_type(template.resource_type) != canonical_type(resource_type):
        return False
    return any(glob_matches(glob, resource) for glob in template.applies_to)


def covering(
    uploaded: Iterable[Template], resource: str, resource_type: str
) -> frozenset[TemplateId]:
    """Return the ids of every template the resource falls under, its own with them."""
    named = (
        template.template_id for template in uploaded if covers(template, resource, resource_type)
    )
    return frozenset({derived_template_id(resource), *named})
