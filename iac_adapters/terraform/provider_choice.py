"""Which provider configuration each recorded object is read with: the recorded one. Pure.

What the code says of a provider counts once it was applied. Read with an edited region,
everything is missing; read with edited default tags, everything has drifted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from iac_adapters.terraform.asked import awaits_provider
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import LoadedResource, ProviderKey
from iac_adapters.terraform.provider_keys import ProviderKeys
from iac_adapters.terraform.provider_settings import (
    Difference,
    ProviderSettings,
    differences,
    sentence,
    with_credentials_of,
    written_differences,
)
from iac_adapters.terraform.recorder.recording import Recording
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.stack_memory import Remembered
from iac_adapters.terraform.state import ProviderReference
from iac_adapters.terraform.written_settings import written_settings
from reconciler.domain.model import ProviderDoubt, ResourceAddress


@dataclass(frozen=True, slots=True, repr=False)
class Edited:
    """A provider configuration that nobody applied yet, with the objects it would reach."""

    label: str
    now: ProviderSettings
    code: ProviderKey | None
    differing: tuple[Difference, ...]
    addresses: tuple[ResourceAddress, ...]


@dataclass(frozen=True, slots=True, repr=False)
class ProviderChoice:
    """Resources with the provider each is read with; what differs, and what to keep.

    `code` holds what the code says by label, where that is what the objects are read with.
    """

    resources: Mapping[ResourceAddress, LoadedResource]
    edited: tuple[Edited, ...] = ()
    code: Mapping[str, ProviderSettings] = field(default_factory=dict)
    led_elsewhere: tuple[ProviderDoubt, ...] = ()
    """Where a file or credentials lead elsewhere: their objects are looked for there."""

    @property
    def doubts(self) -> tuple[ProviderDoubt, ...]:
        """Return why objects of some provider configurations wait for a person."""
        edited = (ProviderDoubt(edited.label, sentence(edited.differing)) for edited in self.edited)
        return (*edited, *self.led_elsewhere)

    @property
    def warnings(self) -> tuple[str, ...]:
        """Return what a person is told of configurations that were not applied."""
        return tuple(
            f"provider {edited.label}: {sentence(edited.differing)}; this is not applied, so its"
            " objects were read where they were recorded"
            for edited in self.edited
        ) + tuple(f"provider {doubt.provider}: {doubt.reason}" for doubt in self.led_elsewhere)


def choose(
    context: Context,
    recording: Recording,
    resources: Mapping[ResourceAddress, LoadedResource],
    *,
    keys: ProviderKeys,
    kept: Remembered,
) -> ProviderChoice:
    """Give each of `resources` the provider configuration that its object was found with."""
    chosen = dict(resources)
    edited: list[Edited] = []
    code: dict[str, ProviderSettings] = {}
    led: list[ProviderDoubt] = []
    for label, group in _by_label(resources.values()).items():
        for sent, members in _by_sent(recording, group).items():
            now = sent.of(context)
            found = _differing(label, members, now, kept)
            if not any(difference.restorable for difference in found):
                if found:
                    led.append(ProviderDoubt(label, sentence(found)))
                code.setdefault(label, now)
                continue
            before = kept.settings[label]
            read_with = _kept_key(context, members[0], keys, before, now)
            written = kept.serials.get(label) != context.state.serial
            for resource in _not_applied(members, found, written=written):
                chosen[resource.recorded.address] = replace(
                    resource,
                    recorded=replace(resource.recorded, note=None)
                    if read_with
                    else resource.recorded,
                    provider=read_with or resource.provider,
                    read_as_recorded=read_with is not None,
                )
            addresses = tuple(member.recorded.address for member in members)
            edited.append(Edited(label, now, members[0].provider, found, addresses))
    for changed in edited:
        code.pop(changed.label, None)
    return ProviderChoice(chosen, _merged(edited), code, tuple(dict.fromkeys(led)))


def doubts_of_plan(
    context: Context,
    resources: Iterable[LoadedResource],
    document: Mapping[str, Any],
    *,
    kept: Remembered,
) -> tuple[ProviderDoubt, ...]:
    """Return the doubts that a whole plan gives: by variables, and by what is written out."""
    doubts = []
    for label, group in _by_label(resources).items():
        before = kept.settings.get(label)
        schema = _schema(group)
        if before is None or schema is None:
            continue
        reference = _reference(group[0])
        files = context.provider_files
        now = ProviderSettings.of(reference.source, before.configure, files)
        variables = differences(schema.configuration, kept=before, now=now)
        written = written_settings(document, reference)
        if found := (*written_differences(schema.configuration, before, written), *variables):
            doubts.append(ProviderDoubt(label, sentence(found)))
    return tuple(doubts)


@dataclass(frozen=True, slots=True, repr=False)
class _Sent:
    """What one connection was sent, of which source."""

    source: str
    configure: bytes

    def of(self, context: Context) -> ProviderSettings:
        return ProviderSettings.of(self.source, self.configure, context.provider_files)


def _by_label(resources: Iterable[LoadedResource]) -> dict[str, list[LoadedResource]]:
    groups: dict[str, list[LoadedResource]] = defaultdict(list)
    for resource in resources:
        if resource.recorded.provider:
            groups[resource.recorded.provider].append(resource)
    return groups


def _by_sent(
    recording: Recording, group: Sequence[LoadedResource]
) -> dict[_Sent, list[LoadedResource]]:
    """Tell the objects of one recorded configuration apart by what the code gives them now."""
    groups: dict[_Sent, list[LoadedResource]] = defaultdict(list)
    for resource in group:
        if resource.wire is not None and resource.instance is not None:
            configure = recording.connections[resource.wire.connection].configure
            groups[_Sent(resource.instance.provider.source, configure)].append(resource)
    return dict(sorted(groups.items(), key=lambda item: -len(item[1])))


def _differing(
    label: str, members: Sequence[LoadedResource], now: ProviderSettings, kept: Remembered
) -> tuple[Difference, ...]:
    before, schema = kept.settings.get(label), _schema(members)
    if before is None or schema is None:
        return ()
    return differences(schema.configuration, kept=before, now=now)


def _not_applied(
    members: Sequence[LoadedResource], found: Iterable[Difference], *, written: bool
) -> list[LoadedResource]:
    """Leave out what an apply of a part has given the code's configuration already.

    Default tags are applied object by object: the tool's own plan says which still wait.
    """
    by_object = written and not any(difference.place for difference in found)
    if not by_object or not any(map(awaits_provider, members)):
        return list(members)
    return [member for member in members if member.planned_action is not None]


def _kept_key(
    context: Context,
    member: LoadedResource,
    keys: ProviderKeys,
    before: ProviderSettings,
    now: ProviderSettings,
) -> ProviderKey | None:
    schema, instance = member.schema, member.instance
    if schema is None or instance is None:
        return None
    configure = with_credentials_of(schema.configuration, kept=before, now=now)
    others = {k: v for k, v in context.environment.items() if k not in now.environment}
    return keys.made(instance.provider.source, configure, {**others, **before.environment})


def _merged(edited: Iterable[Edited]) -> tuple[Edited, ...]:
    """Join what was found of one label: its objects may have been given several others."""
    by_label: dict[str, Edited] = {}
    for found in edited:
        known = by_label.get(found.label)
        if known is not None:
            texts = dict.fromkeys((*known.differing, *found.differing))
            addresses = (*known.addresses, *found.addresses)
            found = replace(known, differing=tuple(texts), addresses=addresses)  # noqa: PLW2901
        by_label[found.label] = found
    return tuple(by_label.values())


def _schema(group: Sequence[LoadedResource]) -> ProviderSchema | None:
    return next((resource.schema for resource in group if resource.schema is not None), None)


def _reference(resource: LoadedResource) -> ProviderReference:
    instance = resource.instance
    assert instance is not None  # noqa: S101 - only what is recorded has a provider's label
    return instance.provider
