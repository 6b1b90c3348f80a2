"""Which stacks are registered: those of `trueup.toml`, and those of the API."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.bounded_files import apart
from reconciler.domain.errors import ConflictError, InvalidError, NotFoundError
from reconciler.domain.events import StackChanged
from reconciler.domain.model import StackName
from reconciler.domain.phases import BEFORE_EFFECT, IN_EFFECT, Event
from reconciler.domain.policy import Policy
from reconciler.domain.records import Remediation, StackRecord
from reconciler.domain.wakeups import ScanStack
from reconciler.engine.due import scan_soon
from reconciler.engine.findings import heal
from reconciler.engine.journal import ENGINE, audit, emit
from reconciler.engine.moves import move
from reconciler.engine.policies import tell_policy
from reconciler.engine.roots import refuse_outside
from reconciler.engine.service import Service
from reconciler.stores import Transaction
from reconciler.wire.model import encode

SHORTEST_INTERVAL: Final = timedelta(seconds=10)
LONGEST_INTERVAL: Final = timedelta(days=366)
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class StackDraft:
    """What a person registers; `directory` and every file are absolute, on the daemon's host."""

    directory: str
    name: str = ""
    interval: timedelta = timedelta(minutes=15)
    adaptive: bool = False
    workspace: str | None = None
    pulumi_stack: str | None = None
    engine: str = "auto"
    var_files: tuple[str, ...] = ()
    env_file: str | None = None
    dynamic_providers: bool = False
    working_directory: str | None = None
    run_code: bool = True


async def register(service: Service, draft: StackDraft, *, actor: str) -> StackRecord:
    """Keep a stack and have it looked at soon.

    Raises:
        ConflictError: another one has its name (`name-taken`).
        InvalidError: its directory or a file is none or not below a root, or it makes no sense.
        PermanentError: the directory holds no template.
    """
    record = await _record(service, draft)
    at = service.clock.now()

    def work(tx: Transaction) -> StackRecord:
        if tx.stacks.get(record.name) is not None:
            raise ConflictError(f"there is a stack {record.name} already", code="name-taken")
        tx.stacks.put(record)
        _tell(tx, record, "registered", at=at, actor=actor)
        tx.wake(ScanStack(record.name))
        return record

    return await service.store.transact(work)


async def update(
    service: Service, name: StackName, draft: StackDraft, *, actor: str
) -> StackRecord:
    """Replace how a stack is read and how often; its history stays.

    Raises:
        NotFoundError: there is none of that name.
        ConflictError: `trueup.toml` states it (`from-config`).
        InvalidError, PermanentError: see `register`.
    """
    wanted = await _record(service, replace(draft, name=name))
    at = service.clock.now()

    def work(tx: Transaction) -> StackRecord:
        changed = _anew(_of_api(tx, name), wanted)
        tx.stacks.put(changed)
        _tell(tx, changed, "updated", at=at, actor=actor)
        scan_soon(tx, name, at=at)
        return changed

    return await service.store.transact(work)


async def remove(service: Service, name: StackName, *, actor: str) -> None:
    """Forget a stack: its findings are healed, what was about to be done is cancelled.

    Raises:
        NotFoundError: there is none of that name.
        ConflictError: `trueup.toml` states it (`from-config`), or an apply of it is not over
            (`stack-busy`).
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        known = _of_api(tx, name)
        if _in_effect(tx, name):
            raise ConflictError(f"an apply of stack {name} is not over", code="stack-busy")
        forget(tx, known, at=at, actor=actor)

    await service.store.transact(work)


async def accept_state(service: Service, name: StackName, *, actor: str) -> StackRecord:
    """Take the state that the stack has now for the right one, and look at it soon.

    Raises:
        NotFoundError: there is none of that name.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> StackRecord:
        known = tx.stacks.get(name)
        if known is None:
            raise NotFoundError(f"there is no stack {name}")
        accepted = replace(known, lineage="", serial=None)
        tx.stacks.put(accepted)
        details = {"lineage": known.lineage, "serial": known.serial}
        audit(tx, "stack.state_accepted", name, at=at, actor=actor, details=details)
        scan_soon(tx, name, at=at)
        return accepted

    return await service.store.transact(work)


async def sync_config_stacks(service: Service, records: Sequence[StackRecord]) -> None:
    """Make the stacks of `trueup.toml` be exactly `records`, keeping what is known of them.

    One that vanished is forgotten as by `remove`, or later when an apply of it is not over. A
    name that the API had is the file's now.
    """
    at = service.clock.now()

    def work(tx: Transaction) -> None:
        wanted = {record.name: record for record in records}
        for known in tx.stacks.all():
            gone = known.source == "config" and known.name not in wanted
            if gone and not _in_effect(tx, known.name):
                forget(tx, known, at=at, actor=ENGINE)
        for record in records:
            known_one = tx.stacks.get(record.name)
            kept = record if known_one is None else _anew(known_one, record)
            if kept != known_one:
                tx.stacks.put(kept)
                _tell(tx, kept, "configured", at=at, actor=ENGINE)

    await service.store.transact(work)


async def sync_config_policies(service: Service, policies: Sequence[Policy]) -> None:
    """Make the policies of `trueup.toml` be exactly `policies`.

    Raises:
        ConflictError: two of them have one name (`name-taken`).
    """
    at = service.clock.now()
    _check_names(policies)

    def work(tx: Transaction) -> None:
        known = {one.policy_id: one for one in tx.policies.all()}
        wanted = {one.policy_id: one for one in policies}
        for policy_id, policy in known.items():
            if policy.source == "config" and policy_id not in wanted:
                tx.policies.remove(policy_id)
                tell_policy(tx, policy, "deleted", at=at)
        for policy_id, policy in wanted.items():
            before = known.get(policy_id)
            same = before is not None and replace(policy, version=before.version) == before
            if not same:
                fresh = replace(policy, version=before.version + 1 if before else 1)
                tx.policies.put(fresh)
                tell_policy(tx, fresh, "updated" if before else "created", at=at)

    await service.store.transact(work)


def _check_names(policies: Sequence[Policy]) -> None:
    names = [policy.name for policy in policies]
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ConflictError(
            f"two policies of trueup.toml are named {twins[0]!r}",
            code="name-taken",
            remedy="give one of them another name",
        )


async def _record(service: Service, draft: StackDraft) -> StackRecord:
    """Return the record of a draft; its tool is what lies in the directory."""
    _check(draft)
    refuse_outside(_definition(draft), service.roots)
    directory = Path(draft.directory)
    name = draft.name or directory.name
    record = StackRecord(
        name=StackName(name),
        tool="unknown",
        directory=draft.directory,
        interval=draft.interval,
        adaptive=draft.adaptive,
        source="api",
        definition=_definition(draft),
    )
    reference = await apart(lambda: service.reference_of(record), place=directory)
    return replace(record, tool=reference.tool)


def _definition(draft: StackDraft) -> Mapping[str, Any]:
    return {
        "directory": draft.directory,
        "workspace": draft.workspace,
        "pulumi_stack": draft.pulumi_stack,
        "engine": draft.engine,
        "var_files": list(draft.var_files),
        "env_file": draft.env_file,
        "dynamic_providers": draft.dynamic_providers,
        "working_directory": draft.working_directory,
        "run_code": draft.run_code,
    }


def _check(draft: StackDraft) -> None:
    name = draft.name or Path(draft.directory).name
    if not name.strip() or len(name) > LONGEST_NAME or "/" in name or not name.isprintable():
        raise InvalidError(f"a stack's name has 1 to {LONGEST_NAME} characters, and no slash")
    if name in {".", ".."}:
        raise InvalidError(
            f"{name!r} is no name of a stack", remedy="give it a name that is not a folder's own"
        )
    if not SHORTEST_INTERVAL <= draft.interval <= LONGEST_INTERVAL:
        raise InvalidError("an interval is at least 10 s and at most a year")
    if draft.workspace and draft.pulumi_stack:
        raise InvalidError("`workspace` is Terraform's and `pulumi_stack` is Pulumi's; keep one")
    if draft.dynamic_providers and not draft.run_code:
        raise InvalidError("`dynamic_providers` runs code, and without `run_code` none is run")
    if "\0" in draft.directory or not Path(draft.directory).is_absolute():
        raise InvalidError("`directory` is an absolute path on the daemon's host")
    for file in filter(None, (*draft.var_files, draft.env_file, draft.working_directory)):
        if "\0" in file or not Path(file).is_absolute():
            raise InvalidError(f"{file!r} is no absolute path on the daemon's host")


def _anew(known: StackRecord, wanted: StackRecord) -> StackRecord:
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
    if (known.directory, dict(known.definition)) != (wanted.directory, dict(wanted.definition)):
        return replace(changed, revision=None, next_due_at=None, lineage="", serial=None)
    return changed if known.interval == wanted.interval else replace(changed, next_due_at=None)


def _of_api(tx: Transaction, name: StackName) -> StackRecord:
    known = tx.stacks.get(name)
    if known is None:
        raise NotFoundError(f"there is no stack {name}")
    if known.source == "config":
        raise ConflictError(
            f"stack {name} is stated in trueup.toml",
            code="from-config",
            remedy="change trueup.toml and restart or reload the daemon",
        )
    return known


def _in_effect(tx: Transaction, name: StackName) -> bool:
    return any(one.phase in IN_EFFECT for one in tx.remediations.open_of(name))


def forget(tx: Transaction, stack: StackRecord, *, at: datetime, actor: str) -> None:
    """Remove the stack; its findings are healed, and what was about to be done is cancelled."""
    for known in tx.remediations.open_of(stack.name):
        _end(tx, known, at=at, actor=actor)
    heal(tx, tx.findings.unhealed(stack.name), at=at)
    tx.templates.remove_many(one.template_id for one in tx.templates.of_stack(stack.name))
    tx.stacks.remove(stack.name)
    _tell(tx, stack, "removed", at=at, actor=actor)


def _end(tx: Transaction, known: Remediation, *, at: datetime, actor: str) -> None:
    event = Event.CANCELLED if known.phase in BEFORE_EFFECT else Event.ABANDONED
    move(tx, known, event, at=at, actor=actor, note="its stack is not registered any more")


def _tell(tx: Transaction, stack: StackRecord, verb: str, *, at: datetime, actor: str) -> None:
    body = StackChanged(stack=stack.name, directory=stack.directory, change=verb)
    audit(tx, f"stack.{verb}", stack.name, at=at, actor=actor, details=encode(body))
    emit(tx, "stack.changed", stack.name, body, at=at)
