"""State, code and recording, brought together address by address."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Final

from iac_adapters.terraform.addresses import MANAGED, is_managed
from iac_adapters.terraform.context import BUILT_IN, Context
from iac_adapters.terraform.executable import TOFU
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.outputs import STOPPED
from iac_adapters.terraform.provider_keys import ProviderKeys
from iac_adapters.terraform.provider_settings import label_of
from iac_adapters.terraform.rearranged import FORGOTTEN, rearrangement
from iac_adapters.terraform.recorder.planned import PlannedChange
from iac_adapters.terraform.recorder.recording import RecordedInstance, Recording
from iac_adapters.terraform.rows_without_object import data_rows, output_rows
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.source import ResourceBlock
from iac_adapters.terraform.state import StateInstance
from reconciler.domain.model import (
    RecordedResource,
    ResourceAddress,
    SourcePosition,
    Status,
)

_DELETED: Final = frozenset({"delete"})
_CREATED: Final = frozenset({"create"})
_CHANGED: Final = frozenset({"update", "replace"})


def resources_of(
    context: Context,
    recording: Recording,
    *,
    keys: ProviderKeys,
    schemas: Mapping[str, ProviderSchema],
) -> dict[ResourceAddress, LoadedResource]:
    """Return every managed resource of the stack, recorded or only declared, by address."""
    resources: dict[ResourceAddress, LoadedResource] = {}
    for instance in context.state.instances:
        if instance.mode != MANAGED:
            continue
        resource = _loaded(context, recording, instance, keys=keys, schemas=schemas)
        resources[resource.recorded.address] = resource
    # What moves and is gone is created at its new address; the state's own object stands for it.
    known = {*resources, *recording.moved.values()}
    for address, action in recording.actions.items():
        if action in _CREATED and address not in known and is_managed(address):
            resources[ResourceAddress(address)] = _not_created(context, address)
    for found in (
        *_imports(context, recording, keys=keys, schemas=schemas),
        *_failed_imports(context, recording),
        *output_rows(context, recording),
        *data_rows(context, recording),
    ):
        resources[found.recorded.address] = found
    return dict(sorted(resources.items()))


def _loaded(
    context: Context,
    recording: Recording,
    instance: StateInstance,
    *,
    keys: ProviderKeys,
    schemas: Mapping[str, ProviderSchema],
) -> LoadedResource:
    wire = recording.instances.get(instance.label)
    action = recording.action(instance.address)
    address = recording.moved.get(instance.address, instance.address)
    block = context.source.block(address)
    change = _change_of(recording, instance)
    excluded = action is None and _is_left_out(context, recording, instance, wire)
    recorded = RecordedResource(
        address=ResourceAddress(instance.label),
        type=instance.type,
        status=Status.NOT_APPLICABLE if excluded else _status(instance, action),
        source=_position(block) or _removal(context, address),
        dependencies=tuple(ResourceAddress(d) for d in instance.dependencies),
        note=_note(wire, keys, stopped=bool(recording.conditions)),
        provider=label_of(instance.provider) if instance.provider.source != BUILT_IN else "",
        moves_to=ResourceAddress(address) if address != instance.address else None,
    )
    return LoadedResource(
        recorded=recorded,
        instance=instance,
        wire=wire,
        provider=keys.of(wire.connection) if wire is not None else None,
        schema=schemas.get(instance.provider.source),
        ignored=_ignored(block),
        planned_action=action if action in _CHANGED | _DELETED else None,
        planned_secrets=recording.secrets.get(address, ()),
        rearranged=_rearranged(context, change, wire),
        planned_change=recording.built_in.get(address),
        read_when_forgotten=context.tool == TOFU,
        left_out=excluded,
        stopped=action is None and _is_stopped(recording, instance, block),
        unevaluated=bool(recording.conditions) and action is None and _has_no_code(wire),
    )


def _is_left_out(
    context: Context,
    recording: Recording,
    instance: StateInstance,
    wire: RecordedInstance | None,
) -> bool:
    """Whether `-exclude` keeps the tool from planning it: what is planned is not left out.

    What else depends on something excluded the state does not always tell: it names what the
    code referred to at the last apply. So what the plan asked nobody about counts as left out,
    and not what only could not be told from others.
    """
    if not context.exclusions or (wire is not None and wire.config is not None):
        return False
    address = recording.moved.get(instance.address, instance.address)
    if any(change.address == address for change in recording.planned):
        return False
    is_unasked = instance.label in recording.unasked and instance.provider.source != BUILT_IN
    unplanned = is_unasked and not recording.conditions
    return instance.address in context.excluded or unplanned


def _is_stopped(
    recording: Recording,
    instance: StateInstance,
    block: ResourceBlock | None,
) -> bool:
    """Whether a condition fails before the plan says if it is deleted, moved or left alone."""
    if not recording.conditions or instance.deposed:
        return False
    return instance.provider.source == BUILT_IN or block is None


def _has_no_code(wire: RecordedInstance | None) -> bool:
    return wire is not None and wire.config is None


def _change_of(recording: Recording, instance: StateInstance) -> PlannedChange | None:
    """Return what the plan would do to the current object at the instance's address."""
    if instance.deposed:
        return None
    address = recording.moved.get(instance.address, instance.address)
    changes = [change for change in recording.planned if change.address == address]
    return next((change for change in changes if change.action != "delete"), None)


def _rearranged(
    context: Context, change: PlannedChange | None, wire: RecordedInstance | None
) -> str | None:
    if change is None:
        return None
    # Nothing passes on the wire for built-in types, and of others it is all there is to go by.
    changes_values = wire is None or bool(wire.planned)
    return rearrangement(change, context.source, changes_values=changes_values)


def _imports(
    context: Context,
    recording: Recording,
    *,
    keys: ProviderKeys,
    schemas: Mapping[str, ProviderSchema],
) -> Iterator[LoadedResource]:
    """Yield what the plan would import; no state holds it yet."""
    for change in recording.planned:
        if change.import_id is None:
            continue
        found = recording.imports.get(change.address)
        wire = found.instance if found is not None else None
        block = context.source.block(change.address)
        source = recording.connections[wire.connection].source if wire is not None else ""
        yield LoadedResource(
            recorded=_not_imported(context, change.address, change.type),
            wire=wire,
            provider=keys.of(wire.connection) if wire is not None else None,
            schema=schemas.get(source),
            ignored=_ignored(block),
            planned_action=change.action,
            planned_secrets=recording.secrets.get(change.address, ()),
            rearranged=rearrangement(change, context.source, changes_values=True),
            imported_private=found.private if found is not None else b"",
        )


def _failed_imports(context: Context, recording: Recording) -> Iterator[LoadedResource]:
    """Yield what the code would import, and the provider does not give."""
    known = {*recording.imports, *(instance.address for instance in context.state.instances)}
    for statement in context.source.statements:
        type_name = _type_of(statement.subject)
        reasons = [
            f"it cannot be imported by the id {import_id}: {reason}"
            for failed, import_id, reason in recording.failed_imports
            if failed == type_name
        ]
        if statement.type == "import" and reasons and statement.subject not in known:
            recorded = _not_imported(context, statement.subject, type_name)
            yield LoadedResource(replace(recorded, note="; ".join(reasons)))


def _not_imported(context: Context, address: str, type_name: str) -> RecordedResource:
    return RecordedResource(
        address=ResourceAddress(address),
        type=type_name or _type_of(address),
        status=Status.NOT_IMPORTED,
        source=_position(context.source.block(address)),
    )


def _removal(context: Context, address: str) -> SourcePosition | None:
    statement = context.source.statement("removed", address)
    return SourcePosition(statement.file, statement.line) if statement is not None else None


def _status(instance: StateInstance, action: str | None) -> Status:
    if instance.deposed:
        return Status.DEPOSED
    if action in FORGOTTEN:
        return Status.FORGOTTEN
    if instance.provider.source == BUILT_IN:
        return Status.NOT_APPLICABLE
    if action in _DELETED:
        return Status.NOT_DECLARED
    if instance.tainted:
        return Status.TAINTED
    return Status.LIVE


def _note(wire: RecordedInstance | None, keys: ProviderKeys, *, stopped: bool) -> str | None:
    if wire is None:
        return STOPPED if stopped else "the recorded plan did not show it"
    if keys.of(wire.connection) is None:
        return "its provider's configuration is not known before an apply"
    return None


def _not_created(context: Context, address: str) -> LoadedResource:
    block = context.source.block(address)
    recorded = RecordedResource(
        address=ResourceAddress(address),
        type=block.type if block is not None else _type_of(address),
        status=Status.NOT_CREATED,
        source=_position(block),
    )
    return LoadedResource(recorded=recorded)


def _position(block: ResourceBlock | None) -> SourcePosition | None:
    return SourcePosition(block.file, block.line) if block is not None else None


def _ignored(block: ResourceBlock | None) -> IgnoreRules:
    return block.ignore_changes if block is not None else IgnoreRules()


def _type_of(address: str) -> str:
    """Return the type in `address`; an instance key may hold dots."""
    parts = address.split("[", maxsplit=1)[0].split(".")
    return parts[-2] if len(parts) > 1 else address
