"""State, code and recording, brought together address by address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iac_adapters.terraform.context import BUILT_IN, Context
from iac_adapters.terraform.ignored import IgnoreRules
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.provider_keys import ProviderKeys
from iac_adapters.terraform.provider_settings import label_of
from iac_adapters.terraform.recorder.recording import RecordedInstance, Recording
from iac_adapters.terraform.schema_store import ProviderSchema
from iac_adapters.terraform.source import ResourceBlock
from iac_adapters.terraform.state import StateInstance
from reconciler.domain.model import RecordedResource, ResourceAddress, SourcePosition, Status

_DELETED: Final = frozenset({"delete"})
_FORGOTTEN: Final = frozenset({"remove", "forget"})
_CREATED: Final = frozenset({"create", "import"})
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
        if instance.mode != "managed":
            continue
        resource = _loaded(context, recording, instance, keys=keys, schemas=schemas)
        resources[resource.recorded.address] = resource
    for address, action in recording.actions.items():
        if action in _CREATED and address not in resources and not _is_data(address):
            resources[ResourceAddress(address)] = _not_created(context, address)
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
    recorded = RecordedResource(
        address=ResourceAddress(instance.label),
        type=instance.type,
        status=_status(instance, action),
        source=_position(block),
        dependencies=tuple(ResourceAddress(d) for d in instance.dependencies),
        note=_note(wire, keys),
        provider=label_of(instance.provider) if instance.provider.source != BUILT_IN else "",
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
        planned_change=recording.built_in.get(address),
    )


def _status(instance: StateInstance, action: str | None) -> Status:
    if instance.deposed:
        return Status.DEPOSED
    if action in _FORGOTTEN:
        return Status.FORGOTTEN
    if instance.provider.source == BUILT_IN:
        return Status.NOT_APPLICABLE
    if action in _DELETED:
        return Status.NOT_DECLARED
    if instance.tainted:
        return Status.TAINTED
    return Status.LIVE


def _note(wire: RecordedInstance | None, keys: ProviderKeys) -> str | None:
    if wire is None:
        return "the recorded plan did not show it"
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


def _is_data(address: str) -> bool:
    return address.startswith("data.") or ".data." in address


def _type_of(address: str) -> str:
    return address.rsplit(".", 2)[-2]
