"""Stacks, templates, policies and rules in memory."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.domain.cadence import is_due
from reconciler.domain.model import StackName
from reconciler.domain.policy import Policy
from reconciler.domain.records import Page, StackRecord, Template, TemplateId
from reconciler.storage import templates
from tests.memory_store.rows import Table, kept, page_of

_NEVER: Final = datetime.min.replace(tzinfo=UTC)
_DERIVED: Final = "stack"


@dataclass(slots=True)
class Stacks:
    """`stores.Stacks` in memory."""

    table: Table[StackName, StackRecord]

    def get(self, name: StackName) -> StackRecord | None:
        return self.table.get(name)

    def all(self) -> tuple[StackRecord, ...]:
        return self.table.where(lambda _: True, lambda stack: stack.name)

    def put(self, stack: StackRecord) -> None:
        self.table.put(stack.name, kept(stack))

    def remove(self, name: StackName) -> bool:
        return self.table.remove(name)

    def due(self, now: datetime) -> tuple[StackName, ...]:
        due = self.table.where(
            lambda stack: is_due(stack, now=now),
            lambda stack: (stack.next_due_at or _NEVER, stack.name),
        )
        return tuple(stack.name for stack in due)


@dataclass(slots=True)
class Rules:
    """`stores.Rules` in memory."""

    table: Table[str, int]

    def version(self) -> int:
        return self.table.get("version") or 0

    def rise(self) -> None:
        self.table.put("version", self.version() + 1)


@dataclass(slots=True)
class Policies:
    """`stores.Policies` in memory."""

    table: Table[str, Policy]
    rules: Rules

    def get(self, policy_id: str) -> Policy | None:
        return self.table.get(policy_id)

    def all(self) -> tuple[Policy, ...]:
        return self.table.where(
            lambda _: True, lambda policy: (policy.position, policy.name, policy.policy_id)
        )

    def put(self, policy: Policy) -> None:
        self.table.put(policy.policy_id, kept(policy))
        self.rules.rise()

    def remove(self, policy_id: str) -> bool:
        self.rules.rise()
        return self.table.remove(policy_id)


@dataclass(slots=True)
class Templates:
    """`stores.Templates` in memory."""

    table: Table[TemplateId, Template]
    history: Table[tuple[TemplateId, int], Template]
    rules: Rules

    def get(self, template_id: TemplateId) -> Template | None:
        return self.table.get(template_id)

    def of_resource(self, resource_id: str) -> Template | None:
        found = self.table.where(
            lambda one: one.resource_id == resource_id and _stack(one) is not None,
            lambda one: one.updated_at,
        )
        return found[-1] if found else None

    def uploaded(self) -> tuple[Template, ...]:
        return self.table.where(lambda one: _stack(one) is None, lambda one: one.template_id)

    def of_stack(self, stack: StackName) -> tuple[Template, ...]:
        return self.table.where(lambda one: _stack(one) == stack, lambda one: one.resource_id or "")

    def put_many(self, templates: Iterable[Template]) -> None:
        for template in map(kept, templates):
            self.table.put(template.template_id, template)
            revision = template.template_id, template.revision
            if revision not in self.history.rows:
                self.history.put(revision, template)
            if _stack(template) is None:
                self.rules.rise()

    def remove_many(self, template_ids: Iterable[TemplateId]) -> int:
        wanted = set(template_ids)
        removed = self.table.remove_where(lambda one: one.template_id in wanted)
        if removed:
            self.history.remove_where(lambda one: one.template_id in wanted)
            self.rules.rise()
        return removed

    def revisions(self, template_id: TemplateId) -> tuple[Template, ...]:
        return self.history.where(
            lambda one: one.template_id == template_id, lambda one: -one.revision
        )

    def page(
        self,
        *,
        resource_type: str | None = None,
        stack: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Template]:
        found = (
            one
            for one in self.table.rows.values()
            if resource_type in (None, one.resource_type) and stack in (None, _stack(one))
        )
        return page_of(templates.LISTING, found, lambda one: (one.template_id,), cursor, limit)


def _stack(template: Template) -> str | None:
    if template.source != _DERIVED or template.resource_id is None:
        return None
    return template.resource_id.partition("/")[0]
