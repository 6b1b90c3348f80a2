"""From a context to a stack: schemas, one recording of the evaluated code, and both joined."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

from iac_adapters.freed_memory import give_back_memory
from iac_adapters.idle_files import IdleFiles
from iac_adapters.revision import Revision
from iac_adapters.terraform.context import Context, prepare
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.join_source import resources_of
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.named_files import changed_files
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.provider_keys import ProviderKeys
from iac_adapters.terraform.providers import Providers, start_provider
from iac_adapters.terraform.recorded_providers import RecordedProviders
from iac_adapters.terraform.recorder.cache import RecordingCache
from iac_adapters.terraform.recorder.changed_outputs import changed_outputs
from iac_adapters.terraform.recorder.freshness import data_sources_unchanged
from iac_adapters.terraform.recorder.recording import Recording
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.schema_store import SchemasInUse, SchemaStore
from reconciler.bounded_files import apart
from reconciler.domain.errors import RetryableError
from reconciler.ports import StackReference

if TYPE_CHECKING:  # what records and plans is imported when there is something to record
    from iac_adapters.terraform.cli_engine import CliPlan
    from iac_adapters.terraform.recorder.order import StartProvider
    from iac_adapters.terraform.recorder.refreshed import ReadObject, RefreshedPlan
    from iac_adapters.terraform.served_providers import LendProvider

_ATTEMPTS: Final = 3
# A provider may look at more than what its resources name: its answer is asked for again.
_OLDEST_S: Final = 24 * 3600.0
# What nobody can be asked about, such as a file that the code opens by a name that only an
# evaluation tells, costs no plan at every scan.
_BRIEF_S: Final = 600.0
# Nor does a file that changes at every scan, and changes nothing.
_REST_S: Final = 600.0

Progress = Callable[[str], None]


class Assembly:
    """Assembles stacks with the adapter's providers; recordings and schemas are kept on disk."""

    def __init__(
        self,
        cache_dir: Path,
        *,
        key: bytes,
        providers: Providers,
        recorded: RecordedProviders,
        progress: Progress,
    ) -> None:
        self._cache_dir = cache_dir
        self._key = key
        self._providers = providers
        self._recorded = recorded
        self._progress = progress
        self._recordings = RecordingCache(cache_dir / "recordings", key=key)
        self._schemas_in_use: SchemasInUse = WeakValueDictionary()
        self._idle: defaultdict[Path, IdleFiles] = defaultdict(partial(IdleFiles, rest_s=_REST_S))

    async def recording_of(
        self, reference: StackReference, context: Context
    ) -> tuple[Context, Recording]:
        """Return the recording that holds for `context`, or for what the context is by then."""
        kept = self._recordings.load(context.revision)
        if kept is not None and await self.is_fresh(context, kept):
            return context, kept
        changed = await self._changed_files(context, kept) if kept is not None else frozenset()
        context, recording = await self._settled(reference, context)
        # What did not come to all that names a file cannot say that the file changes nothing.
        if kept is not None and not (kept.conditions or recording.conditions):
            await self._learn(context, changed, same=kept.says_the_same(recording))
        return context, recording

    async def _settled(
        self, reference: StackReference, context: Context
    ) -> tuple[Context, Recording]:
        # No lock is taken, so an apply may be under way: only what stayed the same counts.
        for _ in range(_ATTEMPTS):
            recording = await self.record(context)
            again = await prepare(reference, key=self._key, cache_dir=self._cache_dir)
            again.require_plugins()
            if again.revision == context.revision:
                self._recordings.store(context.revision, recording)
                return context, recording
            context = again
        message = f"{context.directory}: state or code changed during each of {_ATTEMPTS} attempts"
        raise RetryableError(
            message, remedy="scan again when the apply that is under way has ended"
        )

    async def record(self, context: Context) -> Recording:
        """Evaluate the code once, and keep the providers that did it warm."""
        from iac_adapters.terraform.evaluation import joined, order_of  # noqa: PLC0415  see the imports
        from iac_adapters.terraform.recorder.record import close, record  # noqa: PLC0415

        self._progress(f"{context.directory.name}: evaluating the code")
        order = order_of(context)
        recorded = await record(order, schemas=self._schema_store(context), start=_starter(context))
        try:
            recording = await joined(context, recorded)
            keys = await self._keys(context, recording)
        except BaseException:
            # Nobody else knows of them: each scan would leave some behind.
            await asyncio.shield(close(recorded.warm.values()))
            raise
        keyed = ((keys.of(index), provider) for index, provider in recorded.warm.items())
        await asyncio.shield(
            close([p for key, p in keyed if key is None or not self._providers.adopt(key, p)])
        )
        await asyncio.to_thread(give_back_memory)
        return recording

    async def refreshed(
        self, context: Context, stack: LoadedStack, objects: Iterable[ReadObject]
    ) -> RefreshedPlan:
        """Return the tool's plan of the world in which `objects` read as they were read."""
        from iac_adapters.terraform.evaluation import order_of  # noqa: PLC0415  see the imports
        from iac_adapters.terraform.recorder.refreshed import (  # noqa: PLC0415
            WorldAsRead,
            refreshed_plan,
        )

        self._progress(f"{context.directory.name}: planning what follows from drift")
        recording = stack.recording
        world = WorldAsRead(
            objects,
            data_reads=[read for _, read in recording.data_reads],
            lend=await self.lender(context, recording),
        )
        return await refreshed_plan(
            order_of(context), world, schemas=self._schema_store(context), start=_starter(context)
        )

    async def lender(self, context: Context, recording: Recording) -> LendProvider:
        """Return what lends the stack's providers, to who configures one as it was recorded."""
        keys = await self._keys(context, recording)
        known = {(connection.source, connection.configure) for connection in recording.connections}

        async def lend(source: str, request: bytes) -> Provider | None:
            if (source, request) not in known:
                return None
            key = keys.made(source, request, context.environment)
            return await self._providers.get(key) if key is not None else None

        return lend

    async def start(self, context: Context, source: str) -> Provider:
        """Start the provider of `source`, not configured yet. Raises what a start does."""
        (installed,) = (provider for provider in context.providers if provider.source == source)
        return await _starter(context)(installed)

    async def is_fresh(self, context: Context, recording: Recording) -> bool:
        """Whether what the code read elsewhere is as it was when it was recorded."""
        # Whether a condition holds by now is soon asked again: it keeps corrections from a plan.
        failing = recording.conditions or recording.checks or recording.refused
        oldest_s = _BRIEF_S if context.source.unnamed_files or failing else _OLDEST_S
        if context.reads_remote_state or time.time() - recording.recorded_at > oldest_s:
            return False
        if await self._changed_files(context, recording):
            return False
        if not recording.data_reads:
            return True
        keys = await self._keys(context, recording)
        return await data_sources_unchanged(
            recording, keys, self._providers, context.source.data_uses
        )

    async def _changed_files(self, context: Context, recording: Recording) -> frozenset[str]:
        """Return which files that resources name are others by now, and may change something."""
        resting = self._idle[context.directory].paths
        return await apart(
            lambda: changed_files(recording.files, resting=resting), place=context.directory
        )

    async def _learn(self, context: Context, changed: frozenset[str], *, same: bool) -> None:
        """Note which files have changed, and whether the code asks for the same as before."""
        idle = self._idle[context.directory]
        if not same:
            idle.changed_something()
        elif changed:
            await apart(lambda: idle.changed_nothing(changed), place=context.directory)

    async def stack(self, context: Context, recording: Recording) -> LoadedStack:
        """Return the stack, each object with the provider configuration it was recorded with."""
        keys = await self._keys(context, recording)
        schemas = await self.schemas(context)
        resources = resources_of(context, recording, keys=keys, schemas=schemas)
        return await self._recorded.choose(
            context, recording, resources, keys=keys, schemas=schemas
        )

    async def stack_of_plan(self, context: Context, plan: CliPlan) -> LoadedStack:
        """Return the stack as a whole plan of the tool's own shows it."""
        # No provider was asked by way of us: whether it is planned the plan itself says.
        unasked = frozenset(instance.label for instance in context.state.instances)
        outputs = await changed_outputs(
            plan.content or {}, context.source.files, place=context.directory
        )
        recording = replace(plan.as_recording(outputs), unasked=unasked)
        keys = await self._keys(context, recording)
        schemas = await self.schemas(context)
        # A note says why a plugin cannot be asked. A whole plan asks none.
        resources = {
            address: replace(resource, recorded=replace(resource.recorded, note=None))
            for address, resource in resources_of(
                context, recording, keys=keys, schemas=schemas
            ).items()
        }
        return self._recorded.choose_by_plan(context, recording, resources, plan.content or {})

    async def _keys(self, context: Context, recording: Recording) -> ProviderKeys:
        """Return the keys of a stack's providers, whose files were read off the event loop."""
        keys = ProviderKeys(context, recording, key=self._key)
        numbers = range(len(recording.connections))
        await apart(lambda: [keys.of(number) for number in numbers], place=context.directory)
        return keys

    async def schemas(self, context: Context) -> dict[str, ProviderSchema]:
        """Return the schemas of the installed providers by their source."""
        store = self._schema_store(context)
        return {provider.source: await store.schema(provider) for provider in context.providers}

    def _schema_store(self, context: Context) -> SchemaStore:
        place = Revision(self._key)
        place.add("directory", str(context.directory.absolute()))
        place.add_environment(context.environment)
        return SchemaStore(
            self._cache_dir / "schemas",
            place=place.hexdigest(),
            start=_starter(context),
            in_use=self._schemas_in_use,
        )


def _starter(context: Context) -> StartProvider:
    async def start(installed: InstalledProvider) -> Provider:
        return await start_provider(
            installed, context.environment, directory=context.directory.absolute()
        )

    return start
