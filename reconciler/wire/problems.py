"""Why something was not done (RFC 9457), and whether the daemon works."""

from __future__ import annotations

from dataclasses import field
from typing import Annotated, Final

from reconciler.field_rules import Rule
from reconciler.wire.model import Wire, model

PROBLEM: Final = "urn:trueup:problem:"
"""What the `type` of every problem begins with; what follows is its code."""


@model
class FieldProblem(Wire):
    """One field and what is wrong with it."""

    field: str
    message: str


@model
class Problem(Wire):
    """Why something was not done (RFC 9457)."""

    type: Annotated[str, Rule({"pattern": f"^{PROBLEM}[a-z0-9-]+$"})]
    title: str
    status: int
    detail: str
    remedy: str | None = None
    permission: str | None = None
    errors: list[FieldProblem] = field(default_factory=list)


@model
class Status(Wire):
    """Whether it works."""

    status: str
