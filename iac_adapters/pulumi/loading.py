"""Loading a stack: its record, what its program asks for, and how each resource is read."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final

from iac_adapters.idle_files import IdleFiles, differing
from iac_adapters.plugin_host.deadlines import read_deadline_s
from iac_adapters.plugin_host.reading import StackReader
from iac_adapters.pulumi.after_update import chosen_by_update, is_rewritten
from iac_adapters.pulumi.ahead import read_ahead, recorded_providers
from iac_adapters.pulumi.assembly import Assembly
from iac_adapters.pulumi.baseline import Baselines
from iac_adapters.pulumi.context import Context, prepare
from iac_adapters.pulumi.evaluating import evaluate
from iac_adapters.pulumi.evaluation import Evaluation
from iac_adapters.pulumi.evaluations import Evaluations, is_fresh, missing_host
from iac_adapters.pulumi.identities import identities_of, recorded_in
from iac_adapters.pulumi.loaded import LoadedStack
from iac_adapters.pulumi.options import PulumiOptions, program_of
from iac_adapters.pulumi.provider_config import ProviderKey, Providers
from iac_adapters.pulumi.reader import PulumiQuestions, PulumiReader
from iac_adapters.pulumi.remembering import remembered
from iac_adapters.pulumi.sdk import require_sdk
from iac_adapters.pulumi.waiting import told
from iac_adapters.pulumi.warm import WarmStack
from iac_adapters.read_files import unchanged
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.timing import Timing
from iac_adapters.warm_stacks import WarmStacks
from reconciler.bounded_files import apart
from reconciler.domain.errors import RetryableError
from reconciler.domain.model import StackName
from reconciler.ports import AdapterSetup, StackReference

if TYPE_CHECKING:
    from iac_adapters.pulumi.inline import InlineProgram

_ATTEMPTS: Final = 3


class Loading:
    """Keeps what a load needed in memory, and runs a program only when something changed."""

    def __init__(self, setup: AdapterSetup, providers: Providers) -> None:
        self._key = setup.key
        self._digester = SecretDigester(setup.key)
        self._progress = setup.progress or (lambda _text: None)
        self._providers = providers
        self._baselines = Baselines(setup.data_dir / "pulumi" / "baselines", key=setup.key)
        self._evaluations = Evaluations(setup.cache_dir / "pulumi" / "evaluations", key=setup.key)
        self._warm: WarmStacks[WarmStack] = WarmStacks()
        self._programs: dict[StackName, InlineProgram] = {}
        self._idle: defaultdict[StackName, IdleFiles] = defaultdict(IdleFiles)

    async def load(self, reference: StackReference, timing: Timing) -> tuple[Context, WarmStack]:
        """Return the stack of now, and what is in memory of it.

        The context is of this moment; that in memory may be of an earlier scan, and differs in
        locks and their warnings alone.
        """
        warm = self._warm.get(reference.name)
        context = await self._prepare(reference, warm.context if warm else None)
        timing.lap("load")
        if warm is None or not _holds(warm, context) or not await _read_alike(warm):
            warm = await self._assembled(reference, context, warm)
            self._warm.put(reference.name, warm)
            context = warm.context
        timing.lap("record")
        return context, warm

    def close(self) -> None:
        """Serve no program any more."""
        for program in self._programs.values():
            program.close()

    async def _assembled(
        self, reference: StackReference, context: Context, warm: WarmStack | None
    ) -> WarmStack:
        await _read_files(context)
        context, evaluation, evaluated_at_s = await self._evaluated(reference, context)
        if warm is not None:
            context = await self._learnt(reference, context, warm, evaluation)
        await _read_files(context)
        context = context.keeping_quiet(evaluation.secret_words if evaluation else ())
        baseline = await remembered(context, evaluation, self._baselines)
        assembly = Assembly(context, evaluation, baseline, _options(reference).dynamic_providers)
        identities = identities_of(assembly.edits(), context.surroundings.files, self._digester)
        resources = assembly.resources()
        stack = LoadedStack(
            resources, assembly.doubts(), identities, recorded_in(resources.values(), identities)
        )
        questions = warm.questions if warm else PulumiQuestions(self._digester)
        reader = warm.reader if warm else self._reader(context, questions)
        made = WarmStack(context, evaluation, evaluated_at_s, stack, questions, reader)
        if warm is not None:
            await self._carry_on(warm, made)
        return made

    async def _carry_on(self, before: WarmStack, made: WarmStack) -> None:
        """Take over what was read before, and learn what updates have chosen since."""
        old, new = before.stack.resources, made.stack.resources
        found = await chosen_by_update(
            old,
            before.live,
            new,
            read=before.have_read,
            providers=self._providers,
            deadline_s=read_deadline_s(made.context.cli.environment),
        )
        still = {address for address in old if not is_rewritten(old[address], new.get(address))}
        made.have_read = before.have_read & still
        made.live = {address: read for address, read in before.live.items() if address in still}
        made.chosen = {**before.chosen, **found}

    async def _learnt(
        self,
        reference: StackReference,
        context: Context,
        warm: WarmStack,
        evaluation: Evaluation | None,
    ) -> Context:
        """Learn which files have changed for nothing since the last scan."""
        if warm.context.content != context.content:
            return context  # the record is another: what the program asks for may have to be
        idle = self._idle[reference.name]
        if evaluation != warm.evaluation:
            idle.changed_something()
            return context
        known = len(idle.paths)
        changed = differing(warm.context.sources, context.sources)
        await asyncio.to_thread(idle.changed_nothing, changed)
        # The revision of now, as the next scan will find it.
        return context if len(idle.paths) == known else await self._prepare(reference, context)

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
            made_at_s = time.time()
            async with (
                told(self._progress, label=context.place.label) as waiting,
                self._providers.starting(_ahead(reference, context)),
            ):
                evaluation = await evaluate(context.cli, waiting.take)
            again = await self._prepare(reference, context)
            settled = again.revision == context.revision
            # A program that writes files beside its code changes them each time it is run.
            if settled or (attempt and again.content == context.content):
                if evaluation.whole:
                    self._evaluations.store(again.revision, evaluation, made_at_s)
                return again, evaluation, made_at_s
            context = again
        message = f"{context.place.label}: its record changed in each of {_ATTEMPTS} tries"
        raise RetryableError(
            message, remedy="scan again when the update that is under way has ended"
        )

    async def _prepare(self, reference: StackReference, known: Context | None) -> Context:
        program = program_of(_options(reference))
        served = () if program is None else self._served(reference.name, program)
        idle = frozenset(self._idle[reference.name].paths)
        return await prepare(reference, key=self._key, known=known, program=served, idle=idle)

    def _served(self, name: StackName, program: Callable[[], object]) -> tuple[str, ...]:
        require_sdk("an inline program")
        from iac_adapters.pulumi.inline import InlineProgram  # noqa: PLC0415 - loads the SDK

        served = self._programs.get(name)
        if served is None or served.program is not program:
            if served is not None:
                served.close()
            served = self._programs[name] = InlineProgram(program)
        return served.options

    def _reader(self, context: Context, questions: PulumiQuestions) -> PulumiReader:
        deadline_s = read_deadline_s(context.cli.environment)
        return StackReader(self._providers, questions, read_deadline_s=deadline_s)


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
    if warm.evaluation is None:
        return missing_host(context) is not None
    return warm.evaluation.whole


async def _read_files(context: Context) -> None:
    """Have the files that the recorded providers read read off the event loop."""
    await apart(lambda: read_ahead(context), place=context.project.directory)


async def _read_alike(warm: WarmStack) -> bool:
    """Whether the files that its providers read by themselves are as they were."""
    files = warm.context.surroundings.files.stamps
    if not files:
        return True
    return await apart(lambda: unchanged(files), place=warm.context.project.directory)
