"""The Terraform adapter: load a root module once, then read and judge it warm.

What only a correction or a whole plan needs is imported where it is called: a scan of a stack
that was scanned before would spend a tenth of its own time on those modules.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iac_adapters.children.apart import is_apart, scratch_of
from iac_adapters.children.memory import child_memory
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import gathered
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.loading import Loading, cache_folder
from iac_adapters.terraform.observing import Observing
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.recorded_providers import RecordedProviders
from iac_adapters.terraform.snapshots import payload_of
from iac_adapters.warm_stacks import WarmStacks
from reconciler.domain.model import (
    Observed,
    ResourceAddress,
    Snapshot,
    StackName,
)
from reconciler.domain.plan import Plan
from reconciler.ports import (
    AdapterSetup,
    Declaration,
    Done,
    Exited,
    Outcome,
    RunnerJob,
    StackReference,
    Vanished,
)
from reconciler.ports import Progress as RunProgress

if TYPE_CHECKING:  # no scan loads them
    from iac_adapters.terraform.plans import Plans
    from reconciler.domain.edges import Edge
    from reconciler.domain.swaps import Regrouping

_IDLE_S: Final = 3600.0
_MAX_PROCESSES: Final = 32
_PLUGIN_BYTES: Final = 2 * 2**30


class TerraformAdapter:
    """Implements `reconciler.ports.IacAdapter` for Terraform and OpenTofu root modules."""

    def __init__(self, setup: AdapterSetup) -> None:
        self._digester = SecretDigester(setup.key)
        self._pool: PluginPool[Provider] = PluginPool(
            idle_s=_IDLE_S,
            max_processes=_MAX_PROCESSES,
            max_bytes=_PLUGIN_BYTES
            if setup.plugin_memory_bytes is None
            else setup.plugin_memory_bytes,
        )
        self._providers = Providers(self._pool)
        self._recorded = RecordedProviders(
            setup.data_dir / "providers", key=setup.key, providers=self._providers
        )
        progress = setup.progress or (lambda _text: None)
        self._assembly = Assembly(
            cache_folder(setup),
            key=setup.key,
            providers=self._providers,
            recorded=self._recorded,
            progress=progress,
        )
        self._loading = Loading(
            setup, self._providers, self._assembly, self._digester, progress, WarmStacks()
        )
        children = child_memory(setup.data_dir / "children", key=setup.key)
        self._observing = Observing(
            self._assembly, self._recorded, children, self._digester, setup.key
        )

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared. See `IacAdapter.load`."""
        return await self._loading.snapshot(reference)

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge, streaming. See `IacAdapter.observe`."""
        async with contextlib.aclosing(self._observing.observed(snapshot, addresses)) as seen:
            async for observed in seen:
                yield observed

    async def declarations(self, snapshot: Snapshot) -> tuple[Declaration, ...]:
        """Return the declared forms. See `IacAdapter.declarations`."""
        from iac_adapters.terraform.declarations import declarations_of  # noqa: PLC0415  no scan needs it

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
        """Let the tool plan exactly `addresses`. See `IacAdapter.plan`."""
        return await self._plans().correcting(snapshot, addresses, folder=folder, anew=anew)

    def _plans(self) -> Plans:
        from iac_adapters.terraform.plans import Plans  # noqa: PLC0415  no scan needs it

        return Plans(self._assembly, self._digester)

    async def edges(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        *,
        named: Collection[str] = (),
    ) -> tuple[Edge, ...]:
        """Return what connects `addresses`. See `Isolating.edges`."""
        from iac_adapters.terraform.isolating import nodes_of  # noqa: PLC0415  no scan needs it
        from reconciler.domain.edges import edges_of  # noqa: PLC0415  no scan needs it

        return edges_of(addresses, nodes_of(payload_of(snapshot).stack), named=named)

    async def plan_detaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Let the tool plan to destroy exactly `edges`. See `Isolating.plan_detaching`."""
        return await self._plans().detaching(snapshot, edges, folder=folder)

    async def plan_attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Let the tool plan to create `edges` again. See `Isolating.plan_attaching`."""
        return await self._plans().attaching(snapshot, edges, folder=folder)

    async def swaps(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress], *, group: str
    ) -> tuple[Edge, ...]:
        """Return whose groups isolate `addresses`. See `Swapping.swaps`."""
        from iac_adapters.terraform.isolating import nodes_of  # noqa: PLC0415  no scan needs it
        from iac_adapters.terraform.swapping import identities_of  # noqa: PLC0415  no scan needs it
        from reconciler.domain.swaps import swaps_of  # noqa: PLC0415  no scan needs it

        stack = payload_of(snapshot).stack
        identities = identities_of(stack)
        return swaps_of(addresses, nodes_of(stack), identities=identities, group=group)

    def moved(
        self, snapshot: Snapshot, edges: Collection[Edge]
    ) -> Mapping[ResourceAddress, ResourceAddress]:
        """Return where swapped objects are now. See `Swapping.moved`."""
        from iac_adapters.terraform.swapping import moved_objects  # noqa: PLC0415  no scan needs it

        return moved_objects(payload_of(snapshot).stack, edges)

    async def plan_swapping(
        self, snapshot: Snapshot, regroupings: Collection[Regrouping], *, folder: Path
    ) -> Plan:
        """Let the tool plan other groups, apart from the stack. See `Swapping.plan_swapping`."""
        from iac_adapters.terraform import swapping  # noqa: PLC0415  no scan needs it

        payload = payload_of(snapshot)
        order = swapping.SwapOrder(
            payload.context,
            payload.stack,
            await self._assembly.schemas(payload.context),
            folder,
            await gathered(payload.secrets),
        )
        return await swapping.planned(
            order, regroupings, stack=snapshot.stack, digester=self._digester
        )

    def forgetting(self, snapshot: Snapshot, address: ResourceAddress) -> str:
        """Return the command that takes `address` off the state. See `Isolating.forgetting`."""
        context = payload_of(snapshot).context
        named = "TF_WORKSPACE" in context.environment
        workspace = f"TF_WORKSPACE={shlex.quote(context.workspace)} " if named else ""
        return f"{workspace}{context.tool} state rm {shlex.quote(address)}"

    def correction(self, snapshot: Snapshot, *, folder: Path) -> RunnerJob:
        """Return the command that applies the saved plan. See `IacAdapter.correction`."""
        from iac_adapters.terraform.correction import correction_job  # noqa: PLC0415  no scan needs it

        context = payload_of(snapshot).context
        if is_apart(folder):
            from iac_adapters.terraform.apart import job_apart  # noqa: PLC0415  no scan needs it

            return job_apart(context, folder=folder)
        return correction_job(context, folder=folder)

    def progress(self, line: bytes, *, stack: StackName | None = None) -> RunProgress | None:
        """Return what one line of a run's log means. See `IacAdapter.progress`."""
        from iac_adapters.terraform.run_log import progress_of  # noqa: PLC0415  no scan needs it

        secrets = self._loading.secrets.get(stack) if stack is not None else None
        return progress_of(line, redactor=secrets.redactor if secrets is not None else None)

    def outcome(self, snapshot: Snapshot, *, ended: Exited | Vanished, log: Path) -> Outcome:
        """Return what a run came to. See `IacAdapter.outcome`."""
        from iac_adapters.terraform.outcome import outcome_of  # noqa: PLC0415  no scan needs it

        payload = payload_of(snapshot)
        context = payload.context
        apart_from_it = is_apart(log.parent)
        outcome = outcome_of(
            scratch_of(log.parent) if apart_from_it else context.directory,
            tool=context.tool,
            ended=ended,
            log=log,
            redactor=payload.secrets.redactor,
        )
        if not isinstance(outcome, Done) and not apart_from_it:
            self._recorded.failed(context)
        return outcome

    def without_secrets(self, text: str, *, stack: StackName) -> str | None:
        """Return `text` without the stack's secrets. See `IacAdapter.without_secrets`."""
        secrets = self._loading.secrets.get(stack)
        return secrets.redactor.without(text) if secrets is not None else None

    async def close(self) -> None:
        """End every provider process."""
        await self._pool.close()
