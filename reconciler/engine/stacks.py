"""Which stacks are registered: those of `trueup.toml`, and those of the API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.bounded_files import apart
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import StackChanged
from reconciler.domain.model import StackName
from reconciler.domain.records import Remediation, StackRecord
from reconciler.domain.remediation_states import BEFORE_EFFECT, IN_EFFECT, Event
from reconciler.domain.stack_definition import definition_of, same_definition
from reconciler.domain.wakeups import ScanStack
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import heal
from reconciler.engine.journal import audit, emit
from reconciler.engine.moves import move
from reconciler.engine.roots import reference_within
from reconciler.engine.service import Service
from reconciler.engine.void_approvals import READ_ELSEWHERE, void_approvals
from reconciler.stores import Transaction
from reconciler.wire.model import encode

SHORTEST_INTERVAL: Final = timedelta(seconds=10)
LONGEST_INTERVAL: Final = timedelta(days=366)
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class StackDraft:
    """What a person registers; `directory` and every file are absolute, on the daemon's host.

    Without a `tool` it is the one whose stack lies in the directory. `options` are the tool's.
    """

    directory: str
    name: str = ""
    interval: timedelta = timedelta(minutes=15)
    adaptive: bool = False
    tool: str | None = None
    engine: str = "auto"
    env_file: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


async def register(service: Service, draft: StackDraft, *, actor: str) -> StackRecord:
    """Keep a stack and have it looked at soon.

    Raises:
        ConflictError: another one has its name (`name-taken`).
        InvalidError: its directory or a file is none or not below a root, or it makes no sense.
        PermanentError: no code of a known tool lies in the directory.
    """
    at = service.clock.now()
    record = replace(await _record(service, draft), registered_at=at)

    def work(tx: Transaction) -> StackRecord:
        if tx.stacks.get(record.name) is not None:
            raise ConflictError(f"there is a stack {record.name} already", code="name-taken")
        tx.stacks.put(record)
        tell_stack(tx, record, "registered", at=at, actor=actor)
        tx.wake(ScanStack(record.name))
        return record

    return await service.store.transact(work)


async def update(
    service: Service, name: StackName, draft: StackDraft, *, actor: str
) -> StackRecord:
    """Replace how a stack is read and how often; its history stays.

    Raises:
        NotFoundError: no such name exists.
        ConflictError: `trueup.toml` states it (`from-config`).
        InvalidError, PermanentError: see `register`.
    """
    wanted = await _record(service, replace(draft, name=name))
    at = service.clock.now()

    def work(tx: Transaction) -> StackRecord:
        known = _of_api(tx, name)
        changed = anew(known, wanted)
        tx.stacks.put(changed)
        if is_elsewhere(known, wanted):
            void_approvals(tx, at=at, stack=name, why=READ_ELSEWHERE)
        tell_stack(tx, changed, "updated", at=at, actor=actor)
        scan_soon(tx, name, at=at)
        return changed

    return await service.store.transact(work)


async def remove(service: Service, name: StackName, *, actor: str) -> None:
    """Forget a stack: its findings are healed, what was about to be done is cancelled.

    Raises:
        NotFoundError: no such name exists.
        ConflictError: `trueup.toml` states it (`from-config`), an apply of it is not over
            (`stack-busy`), or something of it is in quarantine (`quarantined`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        known = _of_api(tx, name)
        if in_effect(tx, name):
            raise ConflictError(f"an apply of stack {name} is not over", code="stack-busy")
        if quarantines := tx.quarantines.unreleased(name):
            raise ConflictError(
                f"stack {name} has a resource in quarantine, which nothing would release",
                code="quarantined",
                remedy=f"release it first: trueup release {quarantines[0].id[:8]}",
            )
        forget(tx, known, at=at, actor=actor)

    await service.store.transact(work)


async def accept_state(service: Service, name: StackName, *, actor: str) -> StackRecord:
    """Take the state that the stack has now for the right one, and look at it soon.

    Raises:
        NotFoundError: no such name exists.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> StackRecord:
        known = tx.stacks.get(name)
        if known is None:
            raise NotFoundError(f"there is no stack {name}")
        accepted = replace(known, lineage="", serial=None)
        tx.stacks.put(accepted)
        void_approvals(tx, at=at, stack=name, why="its state was accepted as another one")
        details = {"lineage": known.lineage, "serial": known.serial}
        audit(tx, "stack.state_accepted", name, at=at, actor=actor, details=details)
        scan_soon(tx, name, at=at)
        return accepted

    return await service.store.transact(work)


async def _record(service: Service, draft: StackDraft) -> StackRecord:
    """Return the record of a draft, its options as the tool's adapter reads them."""
    _check(draft)
    directory = Path(draft.directory)
    name = draft.name or directory.name
    record = StackRecord(
        name=StackName(name),
        tool="unknown",
        directory=draft.directory,
        interval=draft.interval,
        adaptive=draft.adaptive,
        source="api",
        definition=_definition(draft, draft.options),
    )
    reference = await apart(lambda: reference_within(service, record), place=directory)
    options = draft.options if reference.options is None else reference.options.kept()
    return replace(record, tool=reference.tool, definition=_definition(draft, options))


def _definition(draft: StackDraft, options: Mapping[str, Any]) -> Mapping[str, Any]:
    return definition_of(
        directory=draft.directory,
        tool=draft.tool,
        engine=draft.engine,
        env_file=draft.env_file,
        options=options,
    )


def _check(draft: StackDraft) -> None:
    name = draft.name or Path(draft.directory).name
    if not name.strip() or len(name) > LONGEST_NAME or "/" in name or not name.isprintable():
        raise InvalidError(f"a stack's name has 1 to {LONGEST_NAME} characters, and no slash")
    if name in {".", ".."}:
        raise InvalidError(
            f"{name!r} is not a valid name of a stack",
            remedy="give it a name that is not a folder's own",
        )
    if not SHORTEST_INTERVAL <= draft.interval <= LONGEST_INTERVAL:
        raise InvalidError("an interval is at least 10 s and at most a year")
    if "\0" in draft.directory or not Path(draft.directory).is_absolute():
        raise InvalidError("`directory` is an absolute path on the daemon's host")
    file = draft.env_file
    if file is not None and ("\0" in file or not Path(file).is_absolute()):
        raise InvalidError(f"{file!r} is not an absolute path on the daemon's host")


def anew(known: StackRecord, wanted: StackRecord) -> StackRecord:
    """Return `known` read and timed as `wanted` says; what is known of it stays.

    Read otherwise it is due at once, and compared with nothing that went before.
    """
    changed = replace(
        known,
        tool=wanted.tool,
        directory=wanted.directory,
        interval=wanted.interval,
        adaptive=wanted.adaptive,
        source=wanted.source,
        definition=wanted.definition,
    )
    if is_elsewhere(known, wanted):
        return replace(changed, revision=None, next_due_at=None, lineage="", serial=None)
    return changed if known.interval == wanted.interval else replace(changed, next_due_at=None)


def is_elsewhere(known: StackRecord, wanted: StackRecord) -> bool:
    """Whether `wanted` has the stack read in another way, and so perhaps another one."""
    same = same_definition(known.definition, wanted.definition)
    return known.directory != wanted.directory or not same


def _of_api(tx: Transaction, name: StackName) -> StackRecord:
    known = tx.stacks.get(name)
    if known is None:
        raise NotFoundError(f"there is no stack {name}")
    if known.source == "config":
        raise ConflictError(
            f"stack {name} is defined in trueup.toml",
            code="from-config",
            remedy="change trueup.toml, then: trueup reload",
        )
    return known


def in_effect(tx: Transaction, name: StackName) -> bool:
    """Whether an apply of the stack is not over."""
    return any(remediation.state in IN_EFFECT for remediation in tx.remediations.open_of(name))


def forget(tx: Transaction, stack: StackRecord, *, at: datetime, actor: str) -> None:
    """Remove the stack; its findings are healed, and what was about to be done is cancelled."""
    for known in tx.remediations.open_of(stack.name):
        _end(tx, known, at=at, actor=actor)
    heal(tx, tx.findings.unhealed(stack.name), at=at)
    tx.templates.remove_many(template.template_id for template in tx.templates.of_stack(stack.name))
    tx.baselines.remove_stack(stack.name)
    tx.stacks.remove(stack.name)
    tell_stack(tx, stack, "removed", at=at, actor=actor)


def _end(tx: Transaction, known: Remediation, *, at: datetime, actor: str) -> None:
    event = Event.CANCELLED if known.state in BEFORE_EFFECT else Event.ABANDONED
    move(tx, known, event, at=at, actor=actor, note="its stack is not registered any more")


def tell_stack(tx: Transaction, stack: StackRecord, verb: str, *, at: datetime, actor: str) -> None:
    """Write the audit row and the event of a stack that was `verb`."""
    body = StackChanged(stack=stack.name, directory=stack.directory, change=verb)
    audit(tx, f"stack.{verb}", stack.name, at=at, actor=actor, details=encode(body))
    emit(tx, "stack.changed", stack.name, body, at=at)
