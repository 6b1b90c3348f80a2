"""The Pulumi adapter: load a stack once, then read and judge it warm."""

from __future__ import annotations

import asyncio
import contextlib
import shlex
from collections.abc import AsyncIterator, Collection
from dataclasses import replace
from pathlib import Path
from typing import Final

from iac_adapters.children.apart import is_apart
from iac_adapters.children.memory import child_memory
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.pulumi.children.apart import place_of, removal_job
from iac_adapters.pulumi.children.looking import ChildLooks
from iac_adapters.pulumi.children.tokens import KnownTokens
from iac_adapters.pulumi.cli_engine import refresh_by_cli
from iac_adapters.pulumi.correction import correction_job
from iac_adapters.pulumi.declarations import declarations_of
from iac_adapters.pulumi.engine_steps import tool_step
from iac_adapters.pulumi.identities import IdentityCount, KnownIdentities, identity_count
from iac_adapters.pulumi.isolating import nodes_of
from iac_adapters.pulumi.loaded import LoadedStack
from iac_adapters.pulumi.loading import Loading
from iac_adapters.pulumi.observation import Observation
from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.pulumi.outcome import outcome_of
from iac_adapters.pulumi.plans import Plans
from iac_adapters.pulumi.project import load_project
from iac_adapters.pulumi.provider import Provider
from iac_adapters.pulumi.provider_config import Providers
from iac_adapters.pulumi.refusals import NOT_ALLOWED, ONLY_BY_CLI
from iac_adapters.pulumi.run_code import refuse_code
from iac_adapters.pulumi.run_log import progress_of
from iac_adapters.pulumi.scan_warnings import with_evaluation, with_look, with_refresh
from iac_adapters.pulumi.snapshots import Payload, payload_of, snapshot_of
from iac_adapters.pulumi.stack_secrets import written_redactor
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import Verdicts, redacting_apart
from iac_adapters.redaction.redactor import Redactor
from iac_adapters.timing import Timing
from reconciler.domain.edges import Edge, edges_of
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import Observed, ResourceAddress, Snapshot, StackName, Verdict
from reconciler.domain.plan import Plan
from reconciler.domain.self_check import held_against
from reconciler.ports import (
    AdapterSetup,
    Declaration,
    Exited,
    Outcome,
    RunnerJob,
    StackReference,
    Vanished,
)
from reconciler.ports import Progress as RunProgress

_IDLE_S: Final = 3600.0
_MAX_PROCESSES: Final = 32
_PLUGIN_BYTES: Final = 2 * 2**30


class PulumiAdapter:
    """Implements `reconciler.ports.IacAdapter` for Pulumi stacks."""

    def __init__(self, setup: AdapterSetup) -> None:
        self._digester = SecretDigester(setup.key)
        self._progress = setup.progress or (lambda _text: None)
        self._pool: PluginPool[Provider] = PluginPool(
            idle_s=_IDLE_S,
            max_processes=_MAX_PROCESSES,
            max_bytes=_PLUGIN_BYTES
            if setup.plugin_memory_bytes is None
            else setup.plugin_memory_bytes,
        )
        self._providers = Providers(self._pool)
        self._plans = Plans(self._providers, self._digester)
        self._identities = KnownIdentities(setup.data_dir / "pulumi" / "providers", key=setup.key)
        # Kept beyond the snapshot: what a script said is read after the scan that judged it.
        self._redactors: dict[StackName, Redactor] = {}
        self._loading = Loading(setup, self._providers)
        self._looks = ChildLooks(
            KnownTokens(setup.cache_dir / "pulumi" / "tokens", self._providers),
            child_memory(setup.data_dir / "children", key=setup.key),
            self._digester,
            setup.repeats,
        )

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared. See `IacAdapter.load`."""
        async with redacting_apart(lambda: written_redactor(reference), place=reference.directory):
            return await self._load(reference)

    async def _load(self, reference: StackReference) -> Snapshot:
        timing = Timing()
        if not reference.options_as(PulumiOptions).run_code:
            await asyncio.to_thread(refuse_code, load_project(reference.directory))
        context, warm = await self._loading.load(reference, timing)
        kept = await asyncio.to_thread(self._identities.load, context.place)
        payload = Payload(with_evaluation(context, warm.evaluation), warm.stack, warm, kept)
        if reference.engine == "cli" or (reference.engine == "auto" and _only_by_cli(warm.stack)):
            payload = await self._refreshed(payload)
            timing.lap("read")
        else:
            payload = await self._with_children(reference, payload)
        self._redactors[reference.name] = payload.redactor
        return snapshot_of(reference, payload, timing)

    async def _with_children(self, reference: StackReference, payload: Payload) -> Payload:
        """Return it with what may be asked about children of its resources."""
        warm, options = payload.warm, reference.options_as(PulumiOptions)
        look = await self._looks.look(warm, options, payload.redactor)
        return replace(payload, context=with_look(payload.context, look), look=look)

    async def _refreshed(self, payload: Payload) -> Payload:
        """Have the CLI look at the whole stack, but for what may not be read."""
        context = payload.context
        self._progress(f"{context.place.label}: running a whole refresh preview")
        refused = [
            resource.subject.urn
            for resource in payload.stack.resources.values()
            if resource.refusal == NOT_ALLOWED
            and resource.state is not None
            and resource.state.custom
        ]
        found = await refresh_by_cli(context, payload.stack.resources.values(), without=refused)
        return replace(payload, context=with_refresh(context, found), found=found)

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge, streaming. See `IacAdapter.observe`."""
        payload = payload_of(snapshot)
        safe = Verdicts(payload, self._digester)
        wanted = frozenset(addresses) if addresses is not None else None
        counted = identity_count(snapshot.resources)
        observation = Observation(payload, wanted)
        found: dict[ResourceAddress, Verdict] = {}
        async with contextlib.aclosing(observation.observed(self._digester)) as observations:
            async for observed in observations:
                counted.take(observed)
                found[observed.address] = observed.verdict
                yield await safe.seen(_held(observed, payload.stack))
        children = self._looks.observed(
            payload.look,
            payload.warm.reader,
            payload.context.place,
            found,
            wanted,
            redactor=payload.redactor,
        )
        async for observed in children:
            yield await safe.seen(observed)
        if wanted is None:
            await self._keep_identities(payload, counted)

    async def _keep_identities(self, payload: Payload, counted: IdentityCount) -> None:
        """Remember where the providers look that have shown their objects in a whole scan."""
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
        resources = payload_of(snapshot).stack.resources.values()
        return tuple(declarations_of(resources, digester=self._digester))

    async def plan(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        folder: Path,
        anew: Collection[ResourceAddress] = (),
    ) -> Plan:
        """Let the CLI plan exactly `addresses`. See `IacAdapter.plan`."""
        return await self._plans.correcting(snapshot, addresses, folder=folder, anew=anew)

    async def edges(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        named: Collection[str] = (),
    ) -> tuple[Edge, ...]:
        """Return what connects `addresses`. See `Isolating.edges`."""
        return edges_of(addresses, nodes_of(payload_of(snapshot).stack.resources), named=named)

    async def plan_detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Let the CLI preview the destruction of `edges`. See `Isolating.plan_detaching`."""
        return await self._plans.detaching(snapshot, edges, folder=folder)

    async def plan_attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Let the CLI plan `edges` again, as a correction. See `Isolating.plan_attaching`."""
        return await self._plans.attaching(snapshot, edges, folder=folder)

    def forgetting(self, snapshot: Snapshot, address: ResourceAddress) -> str:
        """Return the command that takes `address` off the state. See `Isolating.forgetting`."""
        stack = payload_of(snapshot).context.cli.stack
        return f"pulumi state delete {shlex.quote(address)} --stack {shlex.quote(stack)}"

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        """Return the command that does the saved plan. See `IacAdapter.correction`."""
        context = payload_of(snapshot).context
        if is_apart(folder):
            return removal_job(context, folder=folder)
        return correction_job(context, folder=folder)

    def progress(self, line: bytes, *, stack: StackName | None = None) -> RunProgress | None:
        """Return what one line of a run's log means. See `IacAdapter.progress`."""
        del stack  # the log holds no secret: its job takes them out of what the CLI says
        return progress_of(line)

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        """Return what a run came to. See `IacAdapter.outcome`."""
        folder = log.parent
        place = place_of(folder) if is_apart(folder) else payload_of(snapshot).context.place
        return outcome_of(place, ended=ended, log=log)

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        """Return `text` without the stack's secrets. See `IacAdapter.without_secrets`."""
        redactor = self._redactors.get(stack)
        return redactor.without(text) if redactor is not None else None

    async def close(self) -> None:
        """End every provider process, and serve no program any more."""
        self._loading.close()
        await self._pool.close()


def _held(observed: Observed, stack: LoadedStack) -> Observed:
    """Hold the evaluation against the verdict: what an update does is always shown."""
    resource = stack.resources[observed.address]
    return held_against(tool_step(resource), observed)


def _only_by_cli(stack: LoadedStack) -> bool:
    """Whether something can be read by the CLI alone."""
    return any(resource.refusal == ONLY_BY_CLI for resource in stack.resources.values())
