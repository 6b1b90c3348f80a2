"""The Terraform adapter: load a root module once, then read and judge it warm.

What only a correction or a whole plan needs is imported where it is called: a scan of a stack
that was scanned before would spend a tenth of its own time on those modules.
"""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

from iac_adapters.children.apart import is_apart, scratch_of
from iac_adapters.children.managed import Managed
from iac_adapters.children.memory import child_memory
from iac_adapters.children.observing import ChildOptions, ChildScan
from iac_adapters.plugin_host.deadlines import read_deadline_s
from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.pool import PluginPool
from iac_adapters.read_files import unchanged
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import Verdicts, gathered, redacting_apart
from iac_adapters.terraform.after_apply import Chosen, chosen_by_apply, rewritten
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.children.reads import TerraformReads
from iac_adapters.terraform.context import Context, prepare
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.observation import ObservationByReading
from iac_adapters.terraform.observe import LiveState
from iac_adapters.terraform.options import TerraformOptions
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.reader import TerraformReader, terraform_reader
from iac_adapters.terraform.recorded_providers import RecordedProviders
from iac_adapters.terraform.run_code import refuse_code
from iac_adapters.terraform.snapshots import Payload, payload_of, snapshot_of
from iac_adapters.terraform.stack_memory import stack_memory_name
from iac_adapters.terraform.stack_secrets import StackSecrets
from iac_adapters.terraform.warm import WarmStack
from iac_adapters.timing import Timing
from iac_adapters.warm_stacks import WarmStacks
from reconciler.bounded_files import apart
from reconciler.domain.added_children import children_among
from reconciler.domain.model import (
    Drifted,
    Engine,
    InSync,
    Missing,
    Observed,
    ResourceAddress,
    Snapshot,
    StackName,
    Unreadable,
    Verdict,
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

if TYPE_CHECKING:  # no scan loads it
    from reconciler.domain.edges import Edge
    from reconciler.domain.swaps import Regrouping

_IDLE_S: Final = 3600.0
_MAX_PROCESSES: Final = 32
_PLUGIN_BYTES: Final = 2 * 2**30


class TerraformAdapter:
    """Implements `reconciler.ports.IacAdapter` for Terraform and OpenTofu root modules."""

    def __init__(self, setup: AdapterSetup) -> None:
        self._cache_dir = setup.cache_dir / "terraform"
        self._key = setup.key
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
        self._recorded = RecordedProviders(
            setup.data_dir / "providers", key=setup.key, providers=self._providers
        )
        self._assembly = Assembly(
            self._cache_dir,
            key=setup.key,
            providers=self._providers,
            recorded=self._recorded,
            progress=self._progress,
        )
        self._warm: WarmStacks[WarmStack] = WarmStacks()
        self._children = child_memory(setup.data_dir / "children", key=setup.key)
        self._repeats = setup.repeats
        # Of the stacks in memory: whoever follows a run has loaded its stack.
        self._secrets: WeakValueDictionary[StackName, StackSecrets] = WeakValueDictionary()

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared. See `IacAdapter.load`."""
        timing = Timing()
        place = reference.directory
        async with redacting_apart(lambda: StackSecrets(reference).redactor, place=place):
            context = await prepare(reference, key=self._key, cache_dir=self._cache_dir)
            if not reference.options_as(TerraformOptions).run_code:
                refuse_code(context)
        timing.lap("load")
        async with redacting_apart(lambda: StackSecrets(reference, context).redactor, place=place):
            return await self._load(reference, context, timing)

    async def _load(self, reference: StackReference, context: Context, timing: Timing) -> Snapshot:
        if reference.engine == "cli":
            return await self._load_by_cli(reference, context, timing)
        try:
            context.require_plugins()
            return await self._load_by_plugin(reference, context, timing)
        except PluginStartError as error:
            if reference.engine == "plugin":
                raise
            warning = f"fell back to a whole plan: {error}"
            context = replace(context, warnings=(*context.warnings, warning))
            return await self._load_by_cli(reference, context, timing)

    async def _load_by_plugin(
        self, reference: StackReference, context: Context, timing: Timing
    ) -> Snapshot:
        warm = self._warm.get(reference.name)
        if (
            warm is not None
            and warm.revision == context.revision
            and not warm.outlived
            and await apart(partial(unchanged, warm.files), place=context.directory)
            and await self._assembly.is_fresh(context, warm.stack.recording)
        ):
            timing.lap("record")
            return self._snapshot(
                reference,
                Payload(
                    context,
                    warm.stack,
                    warm.secrets,
                    warm=warm,
                    children=self._child_options(reference),
                ),
                timing,
            )
        context, recording = await self._assembly.recording_of(reference, context)
        timing.lap("record")
        stack = await self._assembly.stack(context, recording)
        drifted = warm.drifted if warm else {}
        live = warm.live if warm else {}
        brought_about = warm.brought_about if warm else set()
        have_read = warm.have_read if warm else set()
        reader = (
            warm.reader if warm else self._reader(context, drifted, live, brought_about, have_read)
        )
        secrets = StackSecrets(reference, context, stack)
        files = context.provider_files.stamps
        chosen = await self._chosen(context, warm, stack)
        warm = WarmStack(
            context.revision, stack, reader, secrets, files, drifted, live, brought_about,
            have_read, chosen=chosen,
        )  # fmt: skip
        self._warm.put(reference.name, warm)
        payload = Payload(
            context, stack, secrets, warm=warm, children=self._child_options(reference)
        )
        return self._snapshot(reference, payload, timing)

    async def _chosen(
        self, context: Context, before: WarmStack | None, stack: LoadedStack
    ) -> dict[ResourceAddress, Chosen]:
        """Return what applies have chosen that no kept baseline holds, where that is known."""
        if before is None:
            return {}
        deadline_s = read_deadline_s(context.environment)
        found = await chosen_by_apply(
            before.stack,
            before.live,
            stack,
            read=before.have_read,
            providers=self._providers,
            deadline_s=deadline_s,
        )
        before.have_read.difference_update(rewritten(before.stack, stack) - found.keys())
        return {**before.chosen, **found}

    async def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge, streaming. See `IacAdapter.observe`."""
        payload = payload_of(snapshot)
        safe = Verdicts(payload.secrets, self._digester)
        wanted = set(addresses) if addresses is not None else None
        told: set[ResourceAddress] = set()
        if snapshot.obtained_by is Engine.CLI:
            # Few scans need what makes a whole plan; the others start without it.
            from iac_adapters.terraform.observation_by_plan import (  # noqa: PLC0415
                observed_by_plan,
            )

            seen = {}
            plan = payload.plan
            unread = plan.failure if plan is not None and plan.content is None else ""
            async for observed in observed_by_plan(payload, wanted, digester=self._digester):
                seen[observed.address] = observed.verdict
                told.add(observed.address)
                yield await safe.seen(observed)
        else:
            scan = ObservationByReading(
                payload, wanted, assembly=self._assembly, digester=self._digester
            )
            seen = scan.found
            async with contextlib.aclosing(scan.observed()) as observing:
                async for observed in observing:
                    told.add(observed.address)
                    yield await safe.seen(observed)
            async for observed in self._children_of(payload, seen, wanted):
                yield await safe.seen(observed)
            unread = await scan.outputs_unread()
        # Nothing changes it and no plan speaks of it, as far as all that feeds it was read.
        verdict = Unreadable(unread) if unread else InSync()
        for address in (wanted or set()) & set(snapshot.outputs) - told:
            yield await safe.seen(Observed(address, verdict))
        if wanted is None:
            await self._learn(payload, seen)

    async def _children_of(
        self,
        payload: Payload,
        found: Mapping[ResourceAddress, Verdict],
        wanted: Collection[ResourceAddress] | None,
    ) -> AsyncIterator[Observed]:
        warm = payload.warm
        if warm is None:
            return

        def reads(parent: Managed) -> TerraformReads:
            resource = payload.stack.resources[parent.address]
            key, schema = resource.provider, resource.schema
            assert key is not None and schema is not None  # noqa: S101, PT018 - `can_be_asked`
            return TerraformReads(warm.reader, key, schema)

        scan = ChildScan(
            children=warm.children,
            reads=reads,
            memory=self._children,
            name=stack_memory_name(payload.context, key=self._key),
            options=payload.children,
            digester=self._digester,
        )
        async for observed in scan.observed(found, wanted):
            yield observed

    def _child_options(self, reference: StackReference) -> ChildOptions:
        """Return how much is asked: a scan that no other follows has no later turns."""
        options = reference.options_as(TerraformOptions)
        mode = options.children or ("auto" if self._repeats else "all")
        return ChildOptions(mode, options.children_left_out)

    async def _learn(self, payload: Payload, found: Mapping[ResourceAddress, Verdict]) -> None:
        """Keep what a complete scan found out, where it is another thing than before."""
        warm = payload.warm
        moved = {k: v for k, v in found.items() if isinstance(v, Drifted | Missing)}
        if warm is not None and warm.learnt == moved:
            return
        drifted = warm.drifted if warm is not None else {}
        done = await self._recorded.learn(
            payload.context, payload.stack, found, drifted=drifted, secrets=payload.secrets
        )
        if warm is not None:
            warm.learnt = moved if done else None

    async def _load_by_cli(
        self, reference: StackReference, context: Context, timing: Timing
    ) -> Snapshot:
        from iac_adapters.terraform.cli_engine import plan_by_cli  # noqa: PLC0415  few scans do

        self._progress(f"{context.directory.name}: running a whole plan")
        plan = await plan_by_cli(context)
        timing.lap("read")
        if plan.content is None:
            context.require_plugins()  # the tool lacks it too, and has the longer story to tell
        stack = await self._assembly.stack_of_plan(context, plan)
        if plan.content is None and not stack.resources:
            # No object is there to be unreadable: the stack would count as one in sync.
            raise plan.failed(context)
        secrets = StackSecrets(reference, context, stack)
        return self._snapshot(reference, Payload(context, stack, secrets, plan=plan), timing)

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
        from iac_adapters.terraform.planning import saved_plan  # noqa: PLC0415  no scan needs it

        payload = payload_of(snapshot)
        if payload.warm is not None and children_among(addresses, payload.stack.resources):
            from iac_adapters.children.removals import removals_of  # noqa: PLC0415  no scan needs it
            from iac_adapters.terraform.children import removal  # noqa: PLC0415  no scan needs it

            context, redactor = payload.context, await gathered(payload.secrets)
            asked = payload.warm.children.removable
            removals = removals_of(tuple(addresses), asked)
            schemas = await self._assembly.schemas(context)
            removing = removal.RemovalOrder(
                context, removals, payload.stack.resources, schemas, folder, redactor
            )
            return await removal.planned(removing, stack=snapshot.stack, digester=self._digester)
        making = partial(saved_plan, anew=anew)
        return await self._planned(snapshot, addresses, making, folder=folder)

    async def _planned(
        self,
        snapshot: Snapshot,
        addresses: Collection[ResourceAddress],
        making: Callable[..., Awaitable[Mapping[str, Any] | None]],
        *,
        folder: Path,
    ) -> Plan:
        """Return the plan that `making` saves; an empty one where it saves none."""
        from iac_adapters.redaction.redactor import redacting  # noqa: PLC0415  no scan needs it
        from iac_adapters.terraform.new_values import recorded_objects  # noqa: PLC0415  no scan needs it
        from iac_adapters.terraform.plan_json import PlanReader  # noqa: PLC0415  no scan needs it
        from iac_adapters.terraform.planning import PlanOrder  # noqa: PLC0415  no scan needs it
        from iac_adapters.terraform.served_providers import Running  # noqa: PLC0415  no scan needs it

        payload = payload_of(snapshot)
        context = payload.context
        redactor = await gathered(payload.secrets)
        targets = tuple(addresses)
        schemas = await self._assembly.schemas(context)
        order = PlanOrder(context, payload.stack, folder, redactor, schemas)
        if snapshot.obtained_by is Engine.PLUGIN:
            lend = await self._assembly.lender(context, payload.stack.recording)
            running = Running(lend, partial(self._assembly.start, context))
            order = replace(order, running=running)
        with redacting(lambda: redactor):
            document = await making(order, targets)
            if document is None:
                return Plan(stack=snapshot.stack, targets=tuple(sorted(targets)), resources=())
            reader = PlanReader(
                schemas,
                self._digester,
                redactor,
                recorded_objects(payload.stack),
                context.names_a_file,
            )
            return reader.plan(document, stack=snapshot.stack, targets=targets)

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
        from iac_adapters.terraform.isolating import detaching_plan  # noqa: PLC0415  no scan needs it

        return await self._planned(snapshot, edges, detaching_plan, folder=folder)

    async def plan_attaching(
        self, snapshot: Snapshot, edges: Collection[ResourceAddress], *, folder: Path
    ) -> Plan:
        """Let the tool plan to create `edges` again. See `Isolating.plan_attaching`."""
        from iac_adapters.terraform.isolating import attaching_plan  # noqa: PLC0415  no scan needs it

        return await self._planned(snapshot, edges, attaching_plan, folder=folder)

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

        secrets = self._secrets.get(stack) if stack is not None else None
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
        secrets = self._secrets.get(stack)
        return secrets.redactor.without(text) if secrets is not None else None

    async def close(self) -> None:
        """End every provider process."""
        await self._pool.close()

    def _snapshot(self, reference: StackReference, payload: Payload, timing: Timing) -> Snapshot:
        self._secrets[reference.name] = payload.secrets
        return snapshot_of(reference, payload, timing)

    def _reader(
        self,
        context: Context,
        drifted: dict[ResourceAddress, bytes],
        live: dict[ResourceAddress, LiveState],
        brought_about: set[ResourceAddress],
        have_read: set[ResourceAddress],
    ) -> TerraformReader:
        return terraform_reader(
            self._providers,
            self._digester,
            drifted=drifted,
            live=live,
            brought_about=brought_about,
            have_read=have_read,
            read_deadline_s=read_deadline_s(context.environment),
        )
