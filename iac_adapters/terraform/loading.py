"""Load a Terraform stack once, by its providers or by a whole plan; it stays warm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from weakref import WeakValueDictionary

from iac_adapters.children.observing import ChildOptions
from iac_adapters.plugin_host.deadlines import read_deadline_s
from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.read_files import unchanged
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.redaction.edge import redacting_apart
from iac_adapters.terraform.after_apply import Chosen, chosen_by_apply, rewritten
from iac_adapters.terraform.assembly import Assembly
from iac_adapters.terraform.context import Context, prepare
from iac_adapters.terraform.loaded import LoadedStack
from iac_adapters.terraform.options import TerraformOptions
from iac_adapters.terraform.providers import Providers
from iac_adapters.terraform.reader import terraform_reader
from iac_adapters.terraform.run_code import refuse_code
from iac_adapters.terraform.snapshots import Payload, snapshot_of
from iac_adapters.terraform.stack_secrets import StackSecrets
from iac_adapters.terraform.warm import WarmStack
from iac_adapters.timing import Timing
from iac_adapters.warm_stacks import WarmStacks
from reconciler.bounded_files import apart
from reconciler.domain.model import ResourceAddress, Snapshot, StackName
from reconciler.ports import AdapterSetup, StackReference


@dataclass(slots=True)
class Loading:
    """Whom loads are made with; `warm` are the stacks that it keeps, `secrets` those of them."""

    setup: AdapterSetup
    providers: Providers
    assembly: Assembly
    digester: SecretDigester
    progress: Callable[[str], None]
    warm: WarmStacks[WarmStack]
    # Of the stacks in memory: whoever follows a run has loaded its stack.
    secrets: WeakValueDictionary[StackName, StackSecrets] = field(
        default_factory=WeakValueDictionary
    )

    async def snapshot(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared. Raises what `IacAdapter.load` does."""
        timing = Timing()
        place = reference.directory
        async with redacting_apart(lambda: StackSecrets(reference).redactor, place=place):
            context = await prepare(
                reference, key=self.setup.key, cache_dir=cache_folder(self.setup)
            )
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
        warm = self.warm.get(reference.name)
        if (
            warm is not None
            and warm.revision == context.revision
            and not warm.outlived
            and await apart(partial(unchanged, warm.files), place=context.directory)
            and await self.assembly.is_fresh(context, warm.stack.recording)
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
        context, recording = await self.assembly.recording_of(reference, context)
        timing.lap("record")
        stack = await self.assembly.stack(context, recording)
        secrets = StackSecrets(reference, context, stack)
        chosen = await self._chosen(context, warm, stack)
        warm = self._warmed(context, stack, warm, secrets, chosen=chosen)
        self.warm.put(reference.name, warm)
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
            providers=self.providers,
            deadline_s=deadline_s,
        )
        before.have_read.difference_update(rewritten(before.stack, stack) - found.keys())
        return {**before.chosen, **found}

    def _child_options(self, reference: StackReference) -> ChildOptions:
        """Return how much is asked: a scan that no other follows has no later turns."""
        options = reference.options_as(TerraformOptions)
        mode = options.children or ("auto" if self.setup.repeats else "all")
        return ChildOptions(mode, options.children_left_out)

    async def _load_by_cli(
        self, reference: StackReference, context: Context, timing: Timing
    ) -> Snapshot:
        from iac_adapters.terraform.cli_engine import plan_by_cli  # noqa: PLC0415  few scans do

        self.progress(f"{context.directory.name}: running a whole plan")
        plan = await plan_by_cli(context)
        timing.lap("read")
        if plan.content is None:
            context.require_plugins()  # the tool lacks it too, and has the longer story to tell
        stack = await self.assembly.stack_of_plan(context, plan)
        if plan.content is None and not stack.resources:
            # No object is there to be unreadable: the stack would count as one in sync.
            raise plan.failed(context)
        secrets = StackSecrets(reference, context, stack)
        return self._snapshot(reference, Payload(context, stack, secrets, plan=plan), timing)

    def _snapshot(self, reference: StackReference, payload: Payload, timing: Timing) -> Snapshot:
        self.secrets[reference.name] = payload.secrets
        return snapshot_of(reference, payload, timing)

    def _warmed(
        self,
        context: Context,
        stack: LoadedStack,
        before: WarmStack | None,
        secrets: StackSecrets,
        *,
        chosen: dict[ResourceAddress, Chosen],
    ) -> WarmStack:
        """Return what is kept of `stack`; what was read `before` is known still."""
        drifted = before.drifted if before else {}
        live = before.live if before else {}
        brought_about = before.brought_about if before else set()
        have_read = before.have_read if before else set()
        reader = before.reader if before else None
        reader = reader or terraform_reader(
            self.providers,
            self.digester,
            drifted=drifted,
            live=live,
            brought_about=brought_about,
            have_read=have_read,
            read_deadline_s=read_deadline_s(context.environment),
        )
        files = context.provider_files.stamps
        return WarmStack(
            context.revision, stack, reader, secrets, files, drifted, live, brought_about,
            have_read, chosen=chosen,
        )  # fmt: skip


def cache_folder(setup: AdapterSetup) -> Path:
    """Return where the adapter of this tool keeps what it can make anew."""
    return setup.cache_dir / "terraform"
