"""The Pulumi adapter: load a stack once, then read and judge it warm."""

from __future__ import annotations

import contextlib
import time
from collections.abc import AsyncIterator, Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from iac_adapters.masker import Masker
from iac_adapters.plugin_host.deadlines import read_deadline_s
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.pulumi.assembly import Assembly
from iac_adapters.pulumi.baseline import Baselines
from iac_adapters.pulumi.context import Context, prepare
from iac_adapters.pulumi.evaluation import Evaluation, evaluate
from iac_adapters.pulumi.evaluations import Evaluations, is_fresh, missing_host
from iac_adapters.pulumi.loaded import LoadedResource, LoadedStack
from iac_adapters.pulumi.provider import Provider
from iac_adapters.pulumi.provider_config import Providers
from iac_adapters.pulumi.reader import PulumiReader, pulumi_reader
from iac_adapters.pulumi.remembering import remembered
from iac_adapters.pulumi.warm import WarmStack
from iac_adapters.timing import Timing
from reconciler.domain.errors import RetryableError
from reconciler.domain.model import Engine, Observed, ResourceAddress, Snapshot, StackName
from reconciler.ports import StackReference

TOOL: Final = "pulumi"
_IDLE_S: Final = 3600.0
_MAX_PROCESSES: Final = 32
_PLUGIN_BYTES: Final = 2 * 2**30
_ATTEMPTS: Final = 3

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, repr=False)
class Payload:
    """What a snapshot of ours carries."""

    context: Context
    stack: LoadedStack
    warm: WarmStack


class PulumiAdapter:
    """Implements `reconciler.ports.IacAdapter` for Pulumi stacks."""

    def __init__(
        self,
        *,
        data_dir: Path,
        cache_dir: Path,
        key: bytes,
        progress: Progress | None = None,
        plugin_memory_bytes: int | None = None,
    ) -> None:
        self._key = key
        self._masker = Masker(key)
        self._progress = progress or (lambda _text: None)
        self._pool: PluginPool[Provider] = PluginPool(
            idle_s=_IDLE_S,
            max_processes=_MAX_PROCESSES,
            max_bytes=_PLUGIN_BYTES if plugin_memory_bytes is None else plugin_memory_bytes,
        )
        self._providers = Providers(self._pool)
        self._baselines = Baselines(data_dir / "pulumi" / "baselines", key=key)
        self._evaluations = Evaluations(cache_dir / "pulumi" / "evaluations", key=key)
        self._warm: dict[StackName, WarmStack] = {}

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared. See `IacAdapter.load`."""
        timing = Timing()
        warm = self._warm.get(reference.name)
        context = await prepare(reference, key=self._key, known=warm.context if warm else None)
        timing.lap("load")
        if warm and warm.context.revision == context.revision and is_fresh(warm.evaluated_at_s):
            # The locks and warnings are today's; all else is as it was.
            return _snapshot(reference, Payload(context, warm.stack, warm), timing)
        context, evaluation, evaluated_at_s = await self._evaluated(reference, context)
        timing.lap("record")
        baseline = await remembered(context, evaluation, self._baselines)
        assembly = Assembly(context, evaluation, baseline, reference.dynamic_providers)
        stack = LoadedStack(assembly.resources())
        reader = warm.reader if warm else self._reader(context)
        warm = WarmStack(context, evaluation, evaluated_at_s, stack, reader)
        self._warm[reference.name] = warm
        return _snapshot(reference, Payload(context, stack, warm), timing)

    async def _evaluated(
        self, reference: StackReference, context: Context
    ) -> tuple[Context, Evaluation | None, float]:
        """Return what the program asks for, by a context that stayed as it was meanwhile."""
        if (known := self._evaluations.load(context.revision)) is not None:
            return context, *known
        if (host := missing_host(context)) is not None:
            warning = (
                f"the program was not run: {host} is not installed;"
                " changes of the code that are not applied yet are not shown"
            )
            warned = replace(context, warnings=(*context.warnings, warning))
            return warned, None, time.time()
        for _ in range(_ATTEMPTS):
            self._progress(f"{context.place.label}: running the program")
            made_at_s = time.time()
            evaluation = await evaluate(context.cli)
            again = await prepare(reference, key=self._key, known=context)
            if again.revision == context.revision:
                self._evaluations.store(context.revision, evaluation, made_at_s)
                return context, evaluation, made_at_s
            context = again
        message = f"{context.place.label}: its record or code changed in each of {_ATTEMPTS} tries"
        raise RetryableError(
            message, remedy="scan again when the update that is under way has ended"
        )

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge, streaming. See `IacAdapter.observe`."""
        payload = _payload(snapshot)
        wanted = set(addresses) if addresses is not None else None
        chosen = [
            resource
            for address, resource in payload.stack.resources.items()
            if wanted is None or address in wanted
        ]
        async with contextlib.aclosing(payload.warm.reader.observe(chosen)) as pass_:
            async for observed in pass_:
                yield observed

    async def close(self) -> None:
        """End every provider process."""
        await self._pool.close()

    def _reader(self, context: Context) -> PulumiReader:
        deadline_s = read_deadline_s(context.cli.environment)
        return pulumi_reader(self._providers, self._masker, read_deadline_s=deadline_s)


def _payload(snapshot: Snapshot) -> Payload:
    payload = snapshot.payload
    assert isinstance(payload, Payload)  # noqa: S101 - only our own snapshots come back
    return payload


def _snapshot(reference: StackReference, payload: Payload, timing: Timing) -> Snapshot:
    resources: tuple[LoadedResource, ...] = tuple(payload.stack.resources.values())
    timing.lap("load")
    return Snapshot(
        stack=reference.name,
        tool=TOOL,
        directory=str(reference.directory),
        revision=payload.context.revision,
        obtained_by=Engine.PLUGIN,
        resources=tuple(resource.recorded_as for resource in resources),
        timing_ms=dict(timing.ms),
        warnings=payload.context.warnings,
        payload=payload,
    )
