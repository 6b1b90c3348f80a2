"""Templates on the wire."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from reconciler.field_rules import Rule
from reconciler.wire import mapping
from reconciler.wire.comparisons import Comparison
from reconciler.wire.model import Body, Wire, model
from reconciler.wire.rules import Glob, Time, shown, text

if TYPE_CHECKING:  # a client never loads them
    from reconciler.domain import records


@model
class TemplateBody(Body):
    """A template to be kept."""

    resource_type: Annotated[str, text(most=200, example="aws_security_group")]
    template_definition: Annotated[
        dict[str, Any], shown(examples=[{"ingress": [{"from_port": 443}]}])
    ]
    name: Annotated[str, text(least=0, most=200)] = ""
    applies_to: Annotated[
        list[Glob], Rule({"max_length": 100}, shown={"examples": [["web/*"]]})
    ] = field(default_factory=list)


@model
class Template(Wire):
    """The declared form of one resource."""

    template_id: str
    resource_type: str
    template_definition: dict[str, Any]
    created_at: Time
    updated_at: Time
    name: str
    revision: int
    source: Literal["stack", "api"]
    resource_id: str | None
    applies_to: list[str]
    baseline_hash: str | None
    comparison: Comparison | None = None
    """Of a revision: what differs from the one before; null where there is none before."""


def template_of(template: records.Template, compared: Comparison | None = None) -> Template:
    """Return a template with the declared form it holds, and what differs from before."""
    return mapping.shown(Template, template, comparison=compared)
