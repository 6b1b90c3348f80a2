"""The Pulumi adapter: load a stack once, then read and judge it warm."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iac_adapters.plugin_host.deadlines import read_deadline_s
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.pulumi.assembly import (
    NOT_ALLOWED,
    ONLY_BY_CLI,
    Assembly,
    read_ahead,
    recorded_providers,
)
from iac_adapters.pulumi.baseline import Baselines
from iac_adapters.pulumi.cli_engine import CliRefresh, refresh_by_cli, verdicts
from iac_adapters.pulumi.context import Context, prepare
from iac_adapters.pulumi.correction import correction_job
from iac_adapters.pulumi.declarations import declarations_of
from iac_adapters.pulumi.evaluation import Evaluation, evaluate
from iac_adapters.pulumi.evaluations import Evaluations, is_fresh, missing_host
from iac_adapters.pulumi.identities import (
    Identities,
    KnownIdentities,
    Pass,
    doubts_of,
    identities_of,
    pass_over,
    recorded_in,
)
from iac_adapters.pulumi.loaded import LoadedResource, LoadedStack
from iac_adapters.pulumi.options import PulumiOptions, program_of
from iac_adapters.pulumi.outcome import outcome_of
from iac_adapters.pulumi.plan import PlanReader
from iac_adapters.pulumi.planning import PlanOrder, preview
from iac_adapters.pulumi.project import load_project
from iac_adapters.pulumi.provider import Provider, ReadAnswer
from iac_adapters.pulumi.provider_config import ProviderKey, Providers
from iac_adapters.pulumi.reader import PulumiQuestions, PulumiReader, pulumi_reader
from iac_adapters.pulumi.remembering import remembered
from iac_adapters.pulumi.run_code import refuse_code
from iac_adapters.pulumi.run_log import progress_of
from iac_adapters.pulumi.stack_secrets import written_redactor
from iac_adapters.pulumi.warm import WarmStack
from iac_adapters.read_files import unchanged
from iac_adapters.redaction.edge import Verdicts, doubted, redacting_apart, said
from iac_adapters.redaction.masker import Masker
from iac_adapters.redaction.redactor import Redactor, redacting
from iac_adapters.timing import Timing
from iac_adapters.warm_stacks import WarmStacks
from reconciler.bounded_files import apart
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.model import (
    Engine,
    Observed,
    ProviderDoubt,
    ResourceAddress,
    Snapshot,
    StackName,
)
from reconciler.domain.plan import Plan
from reconciler.ports import (
    Declaration,
    Exited,
    Outcome,
    RunnerJob,
    StackReference,
    Vanished,
)
from reconciler.ports import Progress as RunProgress

if TYPE_CHECKING:
    from iac_adapters.pulumi.inline import InlineProgram

TOOL: Final = "pulumi"
_IDLE_S: Final = 3600.0
_MAX_PROCESSES: Final = 32
_PLUGIN_BYTES: Final = 2 * 2**30
_ATTEMPTS: Final = 3

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True, repr=False)
class Payload:
    """What a snapshot of ours carries. `found` is what the CLI saw, where it was asked.

    `kept` is where each provider looked when its objects were last found.
    """

    context: Context
    stack: LoadedStack
    warm: WarmStack
    kept: Identities
    found: CliRefresh | None = None

    @property
    def doubts(self) -> tuple[ProviderDoubt, ...]:
        """Why providers may look elsewhere than where the objects were recorded."""
        return (*self.stack.doubts, *doubts_of(self.expected, self.stack.identities))

    @property
    def expected(self) -> Identities:
        """Where the objects of each provider are, as far as anything tells."""
        return {**self.stack.recorded_in, **self.kept}

    @property
    def redactor(self) -> Redactor:
        """What takes the stack's secrets out of a text."""
        return self.context.redactor


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
        self._identities = KnownIdentities(data_dir / "pulumi" / "providers", key=key)
        self._evaluations = Evaluations(cache_dir / "pulumi" / "evaluations", key=key)
        self._warm: WarmStacks[WarmStack] = WarmStacks()
        self._programs: dict[StackName, InlineProgram] = {}

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared. See `IacAdapter.load`."""
        async with redacting_apart(lambda: written_redactor(reference), place=reference.directory):
            return await self._load(reference)

    async def _load(self, reference: StackReference) -> Snapshot:
        timing = Timing()
        if not _options(reference).run_code:
            await asyncio.to_thread(refuse_code, load_project(reference.directory))
        warm = self._warm.get(reference.name)
        context = await self._prepare(reference, warm.context if warm else None)
        timing.lap("load")
        if warm is None or not _holds(warm, context) or not await _read_alike(warm):
            warm = await self._assembled(reference, context, warm)
            self._warm.put(reference.name, warm)
            context = warm.context
        timing.lap("record")
        # The locks and their warnings are of this moment; all else is as it was.
        kept = await asyncio.to_thread(self._identities.load, context.place)
        payload = Payload(_warned(context, warm.evaluation), warm.stack, warm, kept)
        if reference.engine == "cli" or (reference.engine == "auto" and _only_by_cli(warm.stack)):
            payload = await self._refreshed(payload)
            timing.lap("read")
        return _snapshot(reference, payload, timing)

    async def _assembled(
        self, reference: StackReference, context: Context, warm: WarmStack | None
    ) -> WarmStack:
        await _read_files(context)
        context, evaluation, evaluated_at_s = await self._evaluated(reference, context)
        await _read_files(context)
        context = context.keeping_quiet(evaluation.secret_words if evaluation else ())
        baseline = await remembered(context, evaluation, self._baselines)
        assembly = Assembly(context, evaluation, baseline, _options(reference).dynamic_providers)
        identities = identities_of(assembly.edits(), context.surroundings.files, self._masker)
        resources = assembly.resources()
        stack = LoadedStack(
            resources, assembly.doubts(), identities, recorded_in(resources.values(), identities)
        )
        reader = warm.reader if warm else self._reader(context)
        return WarmStack(context, evaluation, evaluated_at_s, stack, reader)

    async def _refreshed(self, payload: Payload) -> Payload:
        """Have the CLI look at the whole stack, but for what may not be read."""
        context = payload.context
        self._progress(f"{context.place.label}: running a whole refresh preview")
        refused = [
            one.subject.urn
            for one in payload.stack.resources.values()
            if one.refusal == NOT_ALLOWED and one.state is not None and one.state.custom
        ]
        found = await refresh_by_cli(context, without=refused)
        return replace(payload, found=found)

    async def _evaluated(
        self, reference: StackReference, context: Context
    ) -> tuple[Context, Evaluation | None, float]:
        """Return what the program asks for, by a context that stayed as it was meanwhile."""
        inline = program_of(_options(reference)) is not None
        known = None if inline else self._evaluations.load(context.revision)
        if known is not None:
            return context, *known
        if not inline and missing_host(context) is not None:
            return context, None, time.time()
        for attempt in range(_ATTEMPTS):
            self._progress(f"{context.place.label}: running the program")
            made_at_s = time.time()
            async with self._providers.starting(_ahead(reference, context)):
                evaluation = await evaluate(context.cli)
            again = await self._prepare(reference, context)
            settled = again.revision == context.revision
            # A program that writes files beside its code changes them each time it is run.
            if settled or (attempt and again.content == context.content):
                self._evaluations.store(again.revision, evaluation, made_at_s)
                return again, evaluation, made_at_s
            context = again
        message = f"{context.place.label}: its record changed in each of {_ATTEMPTS} tries"
        raise RetryableError(
            message, remedy="scan again when the update that is under way has ended"
        )

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge, streaming. See `IacAdapter.observe`."""
        payload = _payload(snapshot)
        safe = Verdicts(payload, self._masker)
        wanted = set(addresses) if addresses is not None else None
        chosen = [
            resource
            for address, resource in payload.stack.resources.items()
            if wanted is None or address in wanted
        ]
        counted = pass_over(snapshot.resources)
        async with contextlib.aclosing(self._observed(payload, chosen)) as pass_:
            async for observed in pass_:
                counted.take(observed)
                yield await safe.seen(observed)
        if wanted is None:
            await self._keep_identities(payload, counted)

    async def _observed(
        self, payload: Payload, chosen: Sequence[LoadedResource]
    ) -> AsyncGenerator[Observed, None]:
        if payload.found is not None:
            for observed in verdicts(payload.found, chosen, masker=self._masker):
                yield observed
            return
        async with contextlib.aclosing(payload.warm.reader.observe(chosen)) as pass_:
            async for observed in pass_:
                yield observed

    async def _keep_identities(self, payload: Payload, counted: Pass) -> None:
        """Remember where the providers look that have shown their objects in a whole pass."""
        place = payload.context.place
        kept = counted.proven(payload.expected, payload.stack.identities)
        if kept == payload.kept:
            return
        try:
            await asyncio.to_thread(self._identities.store, place, kept)
        except OSError as error:
            raise PermanentError(
                f"{place.label}: where its providers look cannot be kept: {error.strerror}",
                remedy="look at the space and the rights of the data directory",
            ) from error

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        """Return the declared forms. See `IacAdapter.declarations`."""
        resources = _payload(snapshot).stack.resources.values()
        return tuple(declarations_of(resources, masker=self._masker))

    async def plan(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Let the CLI plan exactly `addresses`. See `IacAdapter.plan`."""
        payload = _payload(snapshot)
        order = PlanOrder(payload.context, payload.stack.resources, folder)
        with redacting(lambda: payload.redactor):
            made = await preview(order, addresses, await self._live(payload, addresses))
            reader = PlanReader(payload.stack.resources, self._masker, _tools(payload))
            return reader.plan(made, stack=snapshot.stack, targets=tuple(addresses))

    async def _live(
        self, payload: Payload, addresses: Collection[ResourceAddress]
    ) -> dict[str, ReadAnswer]:
        """Read what a correction would overwrite, so that an approval is for that too."""
        if payload.found is not None:
            return {}
        questions, live = PulumiQuestions(self._masker), {}
        deadline_s = read_deadline_s(payload.context.cli.environment)
        for address in addresses:
            resource = payload.stack.resources.get(address)
            if resource is None or questions.settled(resource) is not None:
                continue
            provider = await self._providers.get(questions.key(resource))
            answer = await questions.read(resource, provider, deadline_s=deadline_s)
            live[resource.subject.urn] = answer
        return live

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        """Return the command that does the saved plan. See `IacAdapter.correction`."""
        return correction_job(_payload(snapshot).context, folder=folder)

    def progress(self, line: bytes, *, stack: StackName | None = None) -> RunProgress | None:
        """Return what one line of a run's log means. See `IacAdapter.progress`."""
        del stack  # the log holds no secret: its job takes them out of what the CLI says
        return progress_of(line)

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        """Return what a run came to. See `IacAdapter.outcome`."""
        return outcome_of(_payload(snapshot).context.place, ended=ended, log=log)

    async def close(self) -> None:
        """End every provider process, and serve no program any more."""
        for program in self._programs.values():
            program.close()
        await self._pool.close()

    async def _prepare(self, reference: StackReference, known: Context | None) -> Context:
        program = program_of(_options(reference))
        served = () if program is None else self._served(reference.name, program)
        return await prepare(reference, key=self._key, known=known, program=served)

    def _served(self, name: StackName, program: Callable[[], object]) -> tuple[str, ...]:
        from iac_adapters.pulumi.inline import InlineProgram  # noqa: PLC0415 - loads the SDK

        served = self._programs.get(name)
        if served is None or served.program is not program:
            if served is not None:
                served.close()
            served = self._programs[name] = InlineProgram(program)
        return served.options

    def _reader(self, context: Context) -> PulumiReader:
        deadline_s = read_deadline_s(context.cli.environment)
        return pulumi_reader(self._providers, self._masker, read_deadline_s=deadline_s)


def _ahead(reference: StackReference, context: Context) -> Sequence[ProviderKey]:
    """Return the providers that are worth starting before it is known what they will be told."""
    if reference.engine == "cli":
        return ()
    return recorded_providers(context, dynamic_providers=_options(reference).dynamic_providers)


def _options(reference: StackReference) -> PulumiOptions:
    return reference.options_as(PulumiOptions)


def _holds(warm: WarmStack, context: Context) -> bool:
    """Whether what is in memory is still what a load would find."""
    if warm.context.revision != context.revision or not is_fresh(warm.evaluated_at_s):
        return False
    return warm.evaluation is not None or missing_host(context) is not None


async def _read_files(context: Context) -> None:
    """Have the files that the recorded providers read read off the event loop."""
    await apart(lambda: read_ahead(context), place=context.project.directory)


async def _read_alike(warm: WarmStack) -> bool:
    """Whether the files that its providers read by themselves are as they were."""
    files = warm.context.surroundings.files.stamps
    return await apart(lambda: unchanged(files), place=warm.context.project.directory)


def _warned(context: Context, evaluation: Evaluation | None) -> Context:
    host = missing_host(context) if evaluation is None else None
    if host is None:
        return context
    warning = (
        f"the program was not run: {host} is not installed;"
        " changes of the code that are not applied yet are not shown"
    )
    return replace(context, warnings=(*context.warnings, warning))


def _only_by_cli(stack: LoadedStack) -> bool:
    """Whether something can be read by the CLI alone."""
    return any(one.refusal == ONLY_BY_CLI for one in stack.resources.values())


def _tools(payload: Payload) -> str:
    """Return what an approval's plan is made and applied with."""
    keys = [one.provider for one in payload.stack.resources.values() if one.provider is not None]
    plugins = sorted({" ".join((key.package, key.version or "", *key.argv)) for key in keys})
    return "\n".join((payload.context.cli_version, *plugins))


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
        obtained_by=Engine.PLUGIN if payload.found is None else Engine.CLI,
        resources=tuple(resource.recorded_as for resource in resources),
        timing_ms=dict(timing.ms),
        warnings=said(payload.context.warnings, payload),
        provider_doubts=doubted(payload.doubts, payload),
        payload=payload,
    )
