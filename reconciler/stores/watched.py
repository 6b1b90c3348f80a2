"""What is watched, and what is to be done about it: stacks, templates, policies, rules."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Protocol

from reconciler.domain.model import StackName
from reconciler.domain.policy import Policy
from reconciler.domain.records import (
    Page,
    StackRecord,
    Template,
    TemplateId,
)


class Stacks(Protocol):
    """Registered stacks by name."""

    def get(self, name: StackName) -> StackRecord | None: ...
    def all(self) -> tuple[StackRecord, ...]: ...
    def put(self, stack: StackRecord) -> None: ...
    def remove(self, name: StackName) -> bool: ...
    def due(self, now: datetime) -> tuple[StackName, ...]:
        """Return those that `domain.cadence.is_due` names, the longest overdue first."""
        ...


class Templates(Protocol):
    """Templates with their revision history."""

    def get(self, template_id: TemplateId) -> Template | None: ...
    def of_resource(self, resource_id: str) -> Template | None:
        """Return the derived template of `STACK/ADDRESS`."""
        ...

    def uploaded(self) -> tuple[Template, ...]: ...
    def of_stack(self, stack: StackName) -> tuple[Template, ...]:
        """Return the derived templates of one stack, by address."""
        ...

    def put_many(self, templates: Iterable[Template]) -> None:
        """Write each; a `revision` not seen before also joins the history."""
        ...

    def remove_many(self, template_ids: Iterable[TemplateId]) -> int:
        """Remove templates and their history; return how many there were."""
        ...

    def revisions(self, template_id: TemplateId) -> tuple[Template, ...]:
        """Return every revision, newest first."""
        ...

    def page(
        self,
        *,
        resource_type: str | None = None,
        stack: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Template]: ...


class Policies(Protocol):
    """Remediation policies, in the order they are asked: by position, then name."""

    def get(self, policy_id: str) -> Policy | None: ...
    def all(self) -> tuple[Policy, ...]: ...
    def put(self, policy: Policy) -> None: ...
    def remove(self, policy_id: str) -> bool: ...


class Rules(Protocol):
    """What policies are decided by: the policies, and the templates that people uploaded."""

    def version(self) -> int:
        """Return a number that rises with every write of them."""
        ...
