"""Reads recorded objects where they were recorded, and learns when that has moved.

The kept configuration moves when another one is seen to be applied: the state was written
since, the objects are found with it, and nothing of it is still to be applied.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iac_adapters.redaction.edge import Secrets, gathered
from iac_adapters.terraform.asked import awaits_provider
from iac_adapters.terraform.baseline import seen_drifts, with_baselines
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.loaded import (
    LoadedResource,
    LoadedStack,
    ProviderFacts,
    ProviderKey,
)
from iac_adapters.terraform.observe import LiveState, read
from iac_adapters.terraform.provider_choice import (
    Edited,
    ProviderChoice,
    choose,
    doubts_of_plan,
)
from iac_adapters.terraform.provider_keys import ProviderKeys
from iac_adapters.terraform.provider_settings import ProviderSettings, hidden_texts
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.recorded_locations import elsewhere
from iac_adapters.terraform.recorder.recording import Recording
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.stack_memory import Remembered, stack_memory, stack_memory_name
from reconciler.domain.errors import ReconcilerError
from reconciler.domain.model import (
    Missing,
    ProviderDoubt,
    ResourceAddress,
    Status,
    Unreadable,
    Verdict,
)

if TYPE_CHECKING:
    from iac_adapters.redaction.redactor import Redactor

_SAMPLE: Final = 5
_DEADLINE_S: Final = 20.0
_EXISTING: Final = frozenset({Status.LIVE, Status.TAINTED})


class RecordedProviders:
    """The provider configurations that the objects of each stack were found with."""

    def __init__(self, folder: Path, *, key: bytes, providers: Providers) -> None:
        self._memory = stack_memory(folder, key=key)
        self._key = key
        self._providers = providers
        self._lost: str | None = None

    async def choose(
        self,
        context: Context,
        recording: Recording,
        resources: Mapping[ResourceAddress, LoadedResource],
        *,
        keys: ProviderKeys,
        schemas: Mapping[str, ProviderSchema],
    ) -> LoadedStack:
        """Return the stack with each object as it was recorded: its values and its provider."""
        name = self._name(context)
        kept = self._after_failure(name, context)
        drifts = kept.drifts if kept.failed == context.state.serial else {}
        resources = with_baselines(context, resources, drifts, schemas=schemas)
        choice = choose(context, recording, resources, keys=keys, kept=kept)
        applied = [
            edited
            for edited in choice.edited
            if await self._is_applied(edited, context, kept, resources, choice)
        ]
        if applied and name is not None:
            kept = _moved(
                kept, {edited.label: edited.now for edited in applied}, context.state.serial
            )
            self._store(name, kept)
            choice = choose(context, recording, resources, keys=keys, kept=kept)
        unseen = _unseen(choice, kept)
        away = _elsewhere(choice, kept)
        facts = ProviderFacts(
            doubts=(*choice.doubts, *unseen, *away),
            warnings=self._warned((*choice.warnings, *map(_told, unseen), *map(_strange, away))),
            code={k: v for k, v in choice.code.items() if k not in _labels(unseen)},
        )
        return LoadedStack(recording, choice.resources, facts)

    def _name(self, context: Context) -> str | None:
        return stack_memory_name(context, key=self._key)

    def failed(self, context: Context) -> None:
        """Note that a run of ours on this state did not end well: it may have refreshed it."""
        name = self._name(context)
        if name is not None:
            self._store(name, replace(self._memory.load(name), failing=time.time()))

    def _after_failure(self, name: str | None, context: Context) -> Remembered:
        kept = self._memory.load(name)
        known = kept.after_failure(context.state.serial, now_s=time.time())
        if name is not None and known != kept:
            self._store(name, known)
        return known

    def choose_by_plan(
        self,
        context: Context,
        recording: Recording,
        resources: Mapping[ResourceAddress, LoadedResource],
        document: Mapping[str, Any],
    ) -> LoadedStack:
        """Return the stack of a whole plan, which reads with the code's configuration.

        That it was edited can be doubted by the variables and by what is written out.
        """
        kept = self._memory.load(self._name(context))
        doubts = doubts_of_plan(context, resources.values(), document, kept=kept)
        code = {
            label: ProviderSettings.of(
                source,
                kept.settings[label].configure if label in kept.settings else b"",
                context.provider_files,
            )
            for label, source in _sources(resources.values()).items()
            if label not in _labels(doubts)
        }
        warnings = tuple(
            f"provider {doubt.provider}: {doubt.reason}; a whole plan reads its objects there"
            for doubt in doubts
        )
        facts = ProviderFacts(doubts, self._warned(warnings), code)
        return LoadedStack(recording, resources, facts)

    async def learn(
        self,
        context: Context,
        stack: LoadedStack,
        seen: Mapping[ResourceAddress, Verdict],
        *,
        drifted: Mapping[ResourceAddress, bytes],
        secrets: Secrets,
    ) -> bool:
        """Keep what a complete scan saw: the configurations that found objects, and drifts.

        `drifted` holds the state in which the objects were read that somebody moved. `secrets`
        are gathered where a configuration is another one than the one that is kept.

        Returns whether there is nothing more to be learnt before the next load.
        """
        name = self._name(context)
        if name is None:
            return True
        found = _found(stack, seen)
        good = {
            label: settings for label, settings in stack.providers.code.items() if label in found
        }
        kept = self._memory.load(name)
        if any(
            _as_kept(settings, kept.settings.get(label)) is None for label, settings in good.items()
        ):
            redactor = await gathered(secrets)
            # Somebody may have kept more meanwhile.
            kept = self._memory.load(name)
        else:
            from iac_adapters.redaction.redactor import Redactor  # noqa: PLC0415  after reading

            redactor = Redactor()
        schemas = _schemas(stack.resources.values())
        good = {
            label: _as_kept(settings, before) or _hiding(settings, before, schemas[label], redactor)
            for label, settings in good.items()
            for before in (kept.settings.get(label),)
        }
        serial = context.state.serial
        drifts = seen_drifts(context, stack.resources, seen, drifted, before=kept.drifts)
        now = replace(_moved(kept, good, serial), drifts=drifts)
        if now != kept:
            self._store(name, now)
        return good.keys() == stack.providers.code.keys()

    async def _is_applied(
        self,
        edited: Edited,
        context: Context,
        kept: Remembered,
        resources: Mapping[ResourceAddress, LoadedResource],
        choice: ProviderChoice,
    ) -> bool:
        """Whether the code's configuration is the one the objects stand in by now."""
        members = [resources[address] for address in edited.addresses]
        written = kept.serials.get(edited.label) != context.state.serial
        if edited.code is None or any(map(awaits_provider, members)):
            return False
        if not written and any(difference.place for difference in edited.differing):
            return False
        sample = [member for member in members if _is_readable(member)][:_SAMPLE]
        now = await self._read_all(sample, edited.code)
        if written:
            return 2 * sum(live is not None and not live.gone for live in now) > len(sample)
        # Nothing that an apply would write, and nothing reads otherwise: a limit of time, say.
        before = [
            await self._read(resource, choice.resources[resource.recorded.address].provider)
            for resource in sample
        ]
        same = [
            live is not None and (live == other or live.state == _recorded_state(resource))
            for resource, live, other in zip(sample, now, before, strict=True)
        ]
        return (
            bool(sample) and all(same) and any(member.planned_action is None for member in members)
        )

    async def _read_all(
        self, sample: Sequence[LoadedResource], key: ProviderKey
    ) -> list[LiveState | None]:
        return list(await asyncio.gather(*(self._read(resource, key) for resource in sample)))

    async def _read(self, resource: LoadedResource, key: ProviderKey | None) -> LiveState | None:
        if key is None:
            return None
        try:
            return await read(resource, await self._providers.get(key), deadline_s=_DEADLINE_S)
        except ReconcilerError:
            return None  # who does not answer has shown nothing

    def _store(self, name: str, kept: Remembered) -> None:
        try:
            self._memory.store(name, kept)
        except OSError as error:
            self._lost = (
                f"the provider configurations could not be kept: {error.filename}:"
                f" {error.strerror}; until they are, an edited one is not told from an applied one"
            )
        else:
            self._lost = None

    def _warned(self, warnings: Collection[str]) -> tuple[str, ...]:
        return (*warnings, self._lost) if self._lost else tuple(warnings)


def _as_kept(now: ProviderSettings, kept: ProviderSettings | None) -> ProviderSettings | None:
    """Return `kept` where it is `now`, and what is secret in it is known."""
    if kept is None or kept.hidden is None:
        return None
    return kept if replace(kept, hidden=None) == replace(now, hidden=None) else None


def _hiding(
    settings: ProviderSettings,
    kept: ProviderSettings | None,
    schema: ProviderSchema | None,
    redactor: Redactor,
) -> ProviderSettings:
    """Return `settings`, knowing which of its texts are secret now or were when it was kept."""
    if schema is None:
        return settings
    before = kept.hidden if kept is not None and kept.configure == settings.configure else None

    def is_secret(text: str) -> bool:
        # In quotes, where short ones are known as well.
        return text in (before or ()) or redactor.without(f'"{text}"') != f'"{text}"'

    return replace(settings, hidden=hidden_texts(schema.configuration, settings, is_secret))


def _schemas(resources: Iterable[LoadedResource]) -> Mapping[str, ProviderSchema | None]:
    known: dict[str, ProviderSchema | None] = defaultdict(lambda: None)
    known |= {
        resource.recorded.provider: resource.schema
        for resource in resources
        if resource.schema is not None
    }
    return known


def _moved(kept: Remembered, settings: Mapping[str, ProviderSettings], serial: int) -> Remembered:
    return replace(
        kept,
        settings={**kept.settings, **settings},
        serials={**kept.serials, **dict.fromkeys(settings, serial)},
    )


def _found(stack: LoadedStack, seen: Mapping[ResourceAddress, Verdict]) -> frozenset[str]:
    """Return the labels of which more objects were found than not; all of them in case of doubt."""
    found: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    for resource in stack.resources.values():
        recorded = resource.recorded
        if recorded.status not in _EXISTING or not recorded.provider:
            continue
        match seen.get(recorded.address):
            case None | Unreadable() | Missing():
                lost[recorded.provider] += 1
            case _:
                found[recorded.provider] += 1
    doubted = _labels(stack.providers.doubts)
    return frozenset(
        label
        for label, count in found.items()
        if count > lost[label] and not (lost[label] and label in doubted)
    )


def _unseen(choice: ProviderChoice, kept: Remembered) -> tuple[ProviderDoubt, ...]:
    """Return the doubts of a first scan: what nobody applied was edited before it."""
    waiting: dict[str, list[str]] = defaultdict(list)
    for address, resource in choice.resources.items():
        label = resource.recorded.provider
        if label and label not in kept.settings and awaits_provider(resource):
            waiting[label].append(address)
    return tuple(ProviderDoubt(label, _waiting(some)) for label, some in waiting.items())


def _elsewhere(choice: ProviderChoice, kept: Remembered) -> tuple[ProviderDoubt, ...]:
    """Return the doubts of a first scan that the recorded objects' own identifiers give."""
    members: dict[str, list[LoadedResource]] = defaultdict(list)
    for resource in choice.resources.values():
        if resource.recorded.provider not in kept.settings:
            members[resource.recorded.provider].append(resource)
    doubts = []
    for label, source in _sources(choice.resources.values()).items():
        now, group = choice.code.get(label), members.get(label, [])
        schema = next((resource.schema for resource in group if resource.schema is not None), None)
        if now is None or schema is None:
            continue
        if (reason := elsewhere(source, schema, now, group)) is not None:
            doubts.append(ProviderDoubt(label, reason))
    return tuple(doubts)


def _waiting(addresses: Sequence[str]) -> str:
    more = f" and {len(addresses) - 1} more" if len(addresses) > 1 else ""
    return f"its configuration in the code holds a change for {addresses[0]}{more}"


def _told(doubt: ProviderDoubt) -> str:
    return f"provider {doubt.provider}: {doubt.reason}; this is not applied"


def _strange(doubt: ProviderDoubt) -> str:
    return f"provider {doubt.provider}: {doubt.reason}"


def _labels(doubts: Collection[ProviderDoubt]) -> frozenset[str]:
    return frozenset(doubt.provider for doubt in doubts)


def _recorded_state(resource: LoadedResource) -> bytes:
    return resource.wire.upgraded if resource.wire is not None else b""


def _is_readable(resource: LoadedResource) -> bool:
    return resource.recorded.status in _EXISTING and resource.wire is not None


def _sources(resources: Iterable[LoadedResource]) -> dict[str, str]:
    return {
        resource.recorded.provider: resource.instance.provider.source
        for resource in resources
        if resource.recorded.provider and resource.instance is not None
    }
