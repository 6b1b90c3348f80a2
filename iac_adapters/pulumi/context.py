"""Everything about a Pulumi stack that can be known without running its program."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.pulumi.backend import Place
from iac_adapters.pulumi.checkpoint import Checkpoint
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.locks import Lock
from iac_adapters.pulumi.options import PulumiOptions, program_of
from iac_adapters.pulumi.programs import pulumi_home
from iac_adapters.pulumi.project import Project
from iac_adapters.pulumi.provider_config import Surroundings
from iac_adapters.pulumi.record import deciphered_record, record_of
from iac_adapters.pulumi.redaction import secret_words
from iac_adapters.pulumi.referenced_stacks import referenced_stacks
from iac_adapters.pulumi.sources import add_cli, add_plugins, identity_of, sources_below
from iac_adapters.pulumi.stack_secrets import config_words
from iac_adapters.pulumi.survey import lock_warnings, refuse_running, survey
from iac_adapters.redaction.environment import file_texts
from iac_adapters.redaction.redactor import Redactor, redactor_of
from iac_adapters.revision import Revision
from reconciler.bounded_files import apart
from reconciler.ports import StackReference


@dataclass(frozen=True, slots=True, repr=False)
class Context:
    """One stack: project, backend, record, CLI. `revision` covers all of them."""

    project: Project
    place: Place
    cli: Cli
    checkpoint: Checkpoint
    content: bytes
    revision: str
    surroundings: Surroundings
    cli_version: str = ""
    locks: tuple[Lock, ...] = ()
    warnings: tuple[str, ...] = ()
    sources: Mapping[str, str] = field(default_factory=dict)
    """The stamp of each file that the program may read, by its path."""

    @property
    def redactor(self) -> Redactor:
        """The secret words of the stack."""
        return self.cli.redactor

    def keeping_quiet(self, words: Iterable[str]) -> Context:
        """Return the same, with `words` among those that must not be said."""
        return replace(self, cli=replace(self.cli, redactor=self.redactor.and_also(words)))


async def prepare(
    reference: StackReference,
    *,
    key: bytes,
    known: Context | None = None,
    program: tuple[str, ...] = (),
    idle: Collection[str] = (),
) -> Context:
    """Return the stack as its record stands now; `known` spares deciphering it again.

    A change of the files `idle` alone makes no other revision. `program` are the CLI's options
    for a program that is served by this process.

    Raises:
        RetryableError: an update is under way, or the backend could not be reached.
        PermanentError: something is missing or broken; the message names it.
    """
    found = await apart(lambda: survey(reference), place=reference.directory)
    project, environment, executable = found.project, found.environment, found.executable
    place, locks = found.place, found.locks
    refuse_running(place, locks)
    cli = Cli(
        executable=executable.path,
        directory=project.directory,
        stack=found.stack,
        environment=environment,
        redactor=redactor_of(file_texts(reference.environment), environment),
        program=program,
    )
    content = await record_of(place, cli)
    context = Context(
        project=project,
        place=place,
        cli=cli,
        checkpoint=Checkpoint(),
        content=content,
        revision="",
        surroundings=Surroundings(
            project,
            environment,
            reference.environment,
            key,
            ProviderFiles(environment, project.working_directory.absolute()),
        ),
        cli_version=executable.version,
        locks=locks,
        warnings=tuple(lock_warnings(locks)),
    )
    sources = await apart(lambda: _sources_of(context, reference), place=project.directory)
    context = replace(context, sources=sources)
    revision = await apart(
        lambda: _revision_of(context, reference, key, idle), place=project.directory
    )
    context = replace(context, revision=revision)
    if known is not None and known.content == content and known.cli.environment == environment:
        return _noticed(replace(context, checkpoint=known.checkpoint, cli=known.cli))
    checkpoint = await deciphered_record(place, cli, content)
    words = (*_words(checkpoint), *config_words(context.project, cli), *cli.redactor.words)
    return _noticed(
        replace(
            context,
            checkpoint=checkpoint,
            cli=replace(cli, redactor=redactor_of(words, environment)),
        )
    )


def _noticed(context: Context) -> Context:
    """Return it with a warning for what was interrupted and will show, if at all, as drift."""
    texts = [
        f"{operation.kind} {operation.resource.name} was interrupted, and how that ended is not"
        " recorded;"
        " what is there is read as ever, and the next correction clears the note"
        for operation in context.checkpoint.pending
        if not operation.is_unknown_creation
    ]
    return replace(context, warnings=(*context.warnings, *texts))


def _words(checkpoint: Checkpoint) -> Iterator[str]:
    for resource in checkpoint.resources:
        yield from secret_words(resource.inputs)
        yield from secret_words(resource.outputs)


def _sources_of(context: Context, reference: StackReference) -> dict[str, str]:
    folders = {context.project.directory, context.project.program}
    if program_of(reference.options_as(PulumiOptions)) is not None:
        # `main` is then the folder its process was started in, and none of ours.
        folders = {context.project.directory}
    home = pulumi_home(context.cli.environment)
    below = sources_below(folders, without={home, context.place.root or home})
    return below | referenced_stacks(context.content, context.place)


def _revision_of(
    context: Context, reference: StackReference, key: bytes, idle: Collection[str]
) -> str:
    revision = Revision(key)
    revision.add("stack", f"{context.place.url} {context.place.label}")
    revision.add("directory", str(context.project.directory))
    revision.add("state", context.content)
    revision.add_environment(context.cli.environment)
    add_cli(revision, context.cli.executable)
    add_plugins(revision, context.cli.environment)
    program = program_of(reference.options_as(PulumiOptions))
    if program is not None:
        revision.add("program", identity_of(program))
    for path, stamp in sorted(context.sources.items()):
        if path not in idle:
            revision.add(path, stamp)
    return revision.hexdigest()
