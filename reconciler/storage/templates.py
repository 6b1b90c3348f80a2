"""Templates and their history."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from sqlmodel import col, delete, select
from sqlmodel.sql.expression import SelectOfScalar

from reconciler.domain.model import StackName
from reconciler.domain.records import Page, Template, TemplateId
from reconciler.storage.cursor import Key
from reconciler.storage.listing import Asked, Listing
from reconciler.storage.rows import Rows, Values, chunks
from reconciler.storage.rules import raise_version
from reconciler.storage.tables.declared import TemplateRevisionRow, TemplateRow

LISTING: Final = Listing("templates", (col(TemplateRow.template_id),), (str,), descending=False)
_DERIVED: Final = "stack"


@dataclass(frozen=True, slots=True)
class SqlTemplates:
    """`stores.Templates` on tables."""

    rows: Rows

    def get(self, template_id: TemplateId) -> Template | None:
        """Return the template of that id, as it is now."""
        return self.rows.first(
            select(TemplateRow).where(col(TemplateRow.template_id) == template_id), _template
        )

    def of_resource(self, resource_id: str) -> Template | None:
        """Return the derived template of `STACK/ADDRESS`."""
        wanted = (col(TemplateRow.resource_id) == resource_id, col(TemplateRow.stack).is_not(None))
        newest = col(TemplateRow.updated_at).desc()
        return self.rows.first(select(TemplateRow).where(*wanted).order_by(newest), _template)

    def uploaded(self) -> tuple[Template, ...]:
        """Return those that came over the API, by id."""
        wanted = select(TemplateRow).where(col(TemplateRow.stack).is_(None))
        return self.rows.every(wanted.order_by(col(TemplateRow.template_id)), _template)

    def of_stack(self, stack: StackName) -> tuple[Template, ...]:
        """Return the derived templates of one stack, by address."""
        wanted = select(TemplateRow).where(col(TemplateRow.stack) == stack)
        found = self.rows.every(wanted, _template)
        return tuple(sorted(found, key=lambda item: item.resource_id or ""))

    def put_many(self, templates: Iterable[Template]) -> None:
        """Write each; a `revision` not seen before also joins the history."""
        revisions = [_values(template) for template in templates]
        self.rows.put(
            TemplateRow, [{**revision, "stack": _stack(revision)} for revision in revisions]
        )
        self.rows.put_new(TemplateRevisionRow, revisions)
        if any(_stack(revision) is None for revision in revisions):
            raise_version(self.rows)

    def remove_many(self, template_ids: Iterable[TemplateId]) -> int:
        """Remove templates and their history; return how many there were."""
        column = col(TemplateRow.template_id)
        removed = sum(
            self.rows.change(delete(TemplateRow).where(column.in_(some)))
            for some in chunks(template_ids)
        )
        if removed:
            raise_version(self.rows)
        return removed

    def revisions(self, template_id: TemplateId) -> tuple[Template, ...]:
        """Return every revision, newest first."""
        wanted = col(TemplateRevisionRow.template_id) == template_id
        order = col(TemplateRevisionRow.revision).desc()
        return self.rows.every(select(TemplateRevisionRow).where(wanted).order_by(order), _template)

    def page(
        self,
        *,
        resource_type: str | None = None,
        stack: str | None = None,
        cursor: str | None = None,
        limit: int = 100,
    ) -> Page[Template]:
        """Return templates, by id."""
        statement = page_statement(resource_type=resource_type, stack=stack)
        asked = Asked(cursor, limit)
        return LISTING.page(self.rows, statement, asked, value=_template, key=_key)


def page_statement(
    *, resource_type: str | None = None, stack: str | None = None
) -> SelectOfScalar[TemplateRow]:
    """Return what a list of templates asks, without order and limit."""
    statement = select(TemplateRow)
    if resource_type is not None:
        statement = statement.where(col(TemplateRow.resource_type) == resource_type)
    if stack is not None:
        statement = statement.where(col(TemplateRow.stack) == stack)
    return statement


def _key(row: TemplateRow) -> Key:
    return (row.template_id,)


def _stack(values: Values) -> str | None:
    """Return the stack of a derived template; a stack's name holds no slash."""
    resource_id = values["resource_id"]
    if values["source"] != _DERIVED or resource_id is None:
        return None
    return str(resource_id).partition("/")[0]


def _values(template: Template) -> Values:
    return {
        "template_id": template.template_id,
        "resource_type": template.resource_type,
        "created_at": template.created_at,
        "updated_at": template.updated_at,
        "revision": template.revision,
        "name": template.name,
        "source": template.source,
        "resource_id": template.resource_id,
        "applies_to": template.applies_to,
        "baseline_hash": template.baseline_hash,
        "template_definition": template.template_definition,
    }


def _template(row: TemplateRow | TemplateRevisionRow) -> Template:
    return Template(
        template_id=TemplateId(row.template_id),
        resource_type=row.resource_type,
        template_definition=row.template_definition,
        created_at=row.created_at,
        updated_at=row.updated_at,
        revision=row.revision,
        name=row.name,
        source=row.source,
        resource_id=row.resource_id,
        applies_to=tuple(row.applies_to),
        baseline_hash=row.baseline_hash,
    )
