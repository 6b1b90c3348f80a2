"""Templates: derived from what a stack declares, or uploaded and kept with their history."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from reconciler.domain.coverage import derived_template_id, resource_id
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import TemplateChanged
from reconciler.domain.model import StackName
from reconciler.domain.records import Json, Template, TemplateId
from reconciler.domain.sent_values import without_named_secrets
from reconciler.engine.journal import ENGINE, audit, emit, new_id
from reconciler.engine.service import Service
from reconciler.ports import Declaration
from reconciler.stores import Transaction
from reconciler.wire.model import encode

LONGEST_NAME: Final = 200
LONGEST_GLOB: Final = 1000
MOST_GLOBS: Final = 100


@dataclass(frozen=True, slots=True)
class TemplateDraft:
    """What a person uploads. `applies_to` are globs over `STACK/ADDRESS`."""

    resource_type: str
    template_definition: Json
    name: str = ""
    applies_to: tuple[str, ...] = field(default_factory=tuple)


async def create(service: Service, draft: TemplateDraft, *, actor: str) -> Template:
    """Keep an uploaded template as its first revision, with digests for what its names call secret.

    Raises:
        InvalidError: a name, type or glob is empty or too long.
    """
    check_draft(draft)
    draft = _without_secrets(draft, service)
    at = service.clock.now()
    template = Template(
        template_id=TemplateId(new_id()),
        resource_type=draft.resource_type,
        template_definition=draft.template_definition,
        created_at=at,
        updated_at=at,
        name=draft.name,
        applies_to=draft.applies_to,
    )
    await service.store.transact(lambda tx: _keep(tx, template, "created", at=at, actor=actor))
    return template


async def update(
    service: Service, template_id: TemplateId, draft: TemplateDraft, *, actor: str
) -> Template:
    """Keep `draft` as the next revision; one that says nothing new changes nothing.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: a stack's code declares it (`from-config`).
        InvalidError: see `create`.
    """
    check_draft(draft)
    draft = _without_secrets(draft, service)
    at = service.clock.now()

    def work(tx: Transaction) -> Template:
        known = _uploaded(tx, template_id)
        changed = replace(
            known,
            resource_type=draft.resource_type,
            template_definition=draft.template_definition,
            name=draft.name,
            applies_to=draft.applies_to,
        )
        if changed == known:
            return known
        changed = replace(changed, revision=known.revision + 1, updated_at=at)
        _keep(tx, changed, "updated", at=at, actor=actor)
        return changed

    return await service.store.transact(work)


async def delete(service: Service, template_id: TemplateId, *, actor: str) -> None:
    """Remove an uploaded template and its history.

    Raises:
        NotFoundError: no such id exists.
        ConflictError: a stack's code declares it (`from-config`), or a policy is about it
            (`in-use`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        known = _uploaded(tx, template_id)
        users = [policy.name for policy in tx.policies.all() if policy.template_id == template_id]
        if users:
            raise ConflictError(
                f"policy {users[0]!r} is about template {template_id}",
                code="in-use",
                remedy="change or remove the policy first",
            )
        tx.templates.remove_many([template_id])
        _tell(tx, known, "deleted", at=at, actor=actor)

    await service.store.transact(work)


def derive(
    tx: Transaction, stack: StackName, declarations: Sequence[Declaration], *, at: datetime
) -> int:
    """Make the stack's derived templates say what `declarations` say; return how many changed.

    A template whose declaration or baseline changed gets a new revision; one that is declared
    no more goes.
    """
    known = {template.template_id: template for template in tx.templates.of_stack(stack)}
    wanted = {
        derived_template_id(resource_id(stack, declaration.address)): declaration
        for declaration in declarations
    }
    changed = list(_changed(stack, wanted, known, at=at))
    vanished = [template_id for template_id in known if template_id not in wanted]
    tx.templates.put_many(changed)
    tx.templates.remove_many(vanished)
    if changed or vanished:
        body = TemplateChanged(stack=stack, changed=len(changed), removed=len(vanished))
        audit(tx, "template.derived", stack, at=at, details=encode(body))
        emit(tx, "template.changed", stack, body, at=at)
    return len(changed) + len(vanished)


def _changed(
    stack: StackName,
    wanted: Mapping[TemplateId, Declaration],
    known: Mapping[TemplateId, Template],
    *,
    at: datetime,
) -> Iterable[Template]:
    for template_id, declared in wanted.items():
        before = known.get(template_id)
        if before is None:
            yield Template(
                template_id=template_id,
                resource_type=declared.type,
                template_definition=declared.definition,
                created_at=at,
                updated_at=at,
                name=declared.address,
                source="stack",
                resource_id=resource_id(stack, declared.address),
                baseline_hash=declared.baseline_hash,
            )
            continue
        now = replace(
            before,
            resource_type=declared.type,
            template_definition=declared.definition,
            baseline_hash=declared.baseline_hash,
        )
        if now != before:
            yield replace(now, revision=before.revision + 1, updated_at=at)


def check_draft(draft: TemplateDraft) -> None:
    """Refuse a draft that could mean nothing.

    Raises:
        InvalidError: a name, type or glob is empty or too long.
    """
    if not draft.resource_type or len(draft.resource_type) > LONGEST_NAME:
        raise InvalidError(f"resource_type has 1 to {LONGEST_NAME} characters")
    if len(draft.name) > LONGEST_NAME:
        raise InvalidError(f"name has at most {LONGEST_NAME} characters")
    if len(draft.applies_to) > MOST_GLOBS:
        raise InvalidError(f"applies_to has at most {MOST_GLOBS} entries")
    for glob in draft.applies_to:
        if not glob or len(glob) > LONGEST_GLOB:
            raise InvalidError(
                f"each of applies_to has 1 to {LONGEST_GLOB} characters",
                remedy="write STACK/ADDRESS, with * for any run of characters",
            )


def _without_secrets(draft: TemplateDraft, service: Service) -> TemplateDraft:
    definition = without_named_secrets(draft.template_definition, key=service.judging.key)
    return replace(draft, template_definition=definition)


def _uploaded(tx: Transaction, template_id: TemplateId) -> Template:
    known = tx.templates.get(template_id)
    if known is None:
        raise NotFoundError(f"there is no template {template_id}")
    if known.resource_id is not None:
        raise ConflictError(
            f"template {template_id} is what the code of {known.resource_id} declares",
            code="from-config",
            remedy="change the code of the stack",
        )
    return known


def _keep(tx: Transaction, template: Template, verb: str, *, at: datetime, actor: str) -> None:
    tx.templates.put_many([template])
    _tell(tx, template, verb, at=at, actor=actor)


def _tell(
    tx: Transaction, template: Template, verb: str, *, at: datetime, actor: str = ENGINE
) -> None:
    body = TemplateChanged(
        template_id=template.template_id, revision=template.revision, change=verb
    )
    audit(tx, f"template.{verb}", template.template_id, at=at, actor=actor, details=encode(body))
    emit(tx, "template.changed", template.template_id, body, at=at)
