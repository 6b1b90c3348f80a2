"""Everything about a Pulumi stack that can be known without running its program."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from iac_adapters.provider_files import ProviderFiles
from iac_adapters.pulumi.backend import MOST_STATE_BYTES, Place, backend_url, locate_stack, unchosen
from iac_adapters.pulumi.checkpoint import Checkpoint, StateResource, parse_checkpoint
from iac_adapters.pulumi.cli import Cli
from iac_adapters.pulumi.locks import Holder, Lock, locks_of
from iac_adapters.pulumi.options import PulumiOptions, program_of
from iac_adapters.pulumi.programs import (
    PulumiExecutable,
    checked_pulumi,
    pulumi_home,
    tool_environment,
)
from iac_adapters.pulumi.project import Project, load_project, selected_stack
from iac_adapters.pulumi.provider_config import Surroundings
from iac_adapters.pulumi.redaction import secret_words
from iac_adapters.pulumi.sdk import host_python
from iac_adapters.pulumi.secrets import (
    PASSPHRASE,
    UNDECIPHERABLE,
    Decrypt,
    passphrase_decrypter,
    with_whole_paths,
)
from iac_adapters.pulumi.sources import add_cli, add_plugins, identity_of, sources_below
from iac_adapters.pulumi.stack_secrets import config_words
from iac_adapters.pulumi.values import deciphered, secret_paths
from iac_adapters.redaction.environment import file_texts
from iac_adapters.redaction.patterns import without_secrets
from iac_adapters.redaction.redactor import Redactor, redactor_of
from iac_adapters.revision import Revision
from reconciler.bounded_files import apart, read_bytes
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.passed_environment import without_ours
from reconciler.ports import StackReference

_EXPORT_S: Final = 300.0


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
    found = await apart(lambda: _survey(reference), place=reference.directory)
    project, environment, executable = found.project, found.environment, found.executable
    place, locks = found.place, found.locks
    _refuse_running(place, locks)
    cli = Cli(
        executable=executable.path,
        directory=project.directory,
        stack=found.stack,
        environment=environment,
        redactor=redactor_of(file_texts(reference.environment), environment),
        program=program,
    )
    content = await _content(place, cli)
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
        warnings=tuple(_warnings(locks)),
    )
    sources = await apart(lambda: _sources_of(context, reference), place=project.directory)
    context = replace(context, sources=sources)
    revision = await apart(
        lambda: _revision_of(context, reference, key, idle), place=project.directory
    )
    context = replace(context, revision=revision)
    if known is not None and known.content == content and known.cli.environment == environment:
        return _noticed(replace(context, checkpoint=known.checkpoint, cli=known.cli))
    checkpoint = await _deciphered(context)
    words = (*_words(checkpoint), *config_words(context.project, cli), *cli.redactor.words)
    return _noticed(
        replace(
            context,
            checkpoint=checkpoint,
            cli=replace(cli, redactor=redactor_of(words, environment)),
        )
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Survey:
    """What the directory and the backend's folder say before the record is read."""

    project: Project
    environment: Mapping[str, str]
    executable: PulumiExecutable
    stack: str
    place: Place
    locks: tuple[Lock, ...]


def _survey(reference: StackReference) -> _Survey:
    project = load_project(reference.directory)
    environment = tool_environment(
        with_whole_paths({**without_ours(os.environ), **reference.environment}, project),
        host_python=host_python(project),
    )
    executable = checked_pulumi(environment)
    url = backend_url(project, environment)
    options = reference.options_as(PulumiOptions)
    stack = options.pulumi_stack or selected_stack(project, url, environment)
    if stack is None:
        raise unchosen(project, url)
    _refuse_unfit(project.stack_file(stack))
    try:
        place = locate_stack(project, url=url, stack=stack)
        locks = locks_of(place)
    except OSError as error:
        raise _closed(error.filename or url, error) from error
    return _Survey(project, environment, executable, stack, place, locks)


def _refuse_unfit(file: Path) -> None:
    """Raise OSError for a stack file the CLI would wait at for ever, or read without an end."""
    with contextlib.suppress(FileNotFoundError):
        read_bytes(file)


def _closed(place: object, error: OSError) -> PermanentError:
    return PermanentError(
        f"{place}: {error.strerror}", remedy="check the backend's folder and who may read it"
    )


def _refuse_running(place: Place, locks: tuple[Lock, ...]) -> None:
    """Raise RetryableError while a process of this machine works on the stack.

    What it has changed already would show as drift until it has written it down.
    """
    for lock in locks:
        if lock.holder is Holder.ALIVE:
            raise RetryableError(
                f"{place.label}: an update by {lock} is under way",
                remedy="scan again when it has ended",
            )


def _warnings(locks: tuple[Lock, ...]) -> Iterator[str]:
    for lock in locks:
        if lock.holder is Holder.DEAD:
            yield (
                f"{lock} has left a lock behind and is gone;"
                " the next correction removes it, or `pulumi cancel` does"
            )
        else:
            yield f"locked by {lock} on another machine: what is under way there shows as drift"


def _noticed(context: Context) -> Context:
    """Return it with a warning for what was interrupted and will show, if at all, as drift."""
    told = [
        f"{one.kind} {one.resource.name} was interrupted, and how that ended is not recorded;"
        " what is there is read as ever, and the next correction clears the note"
        for one in context.checkpoint.pending
        if not one.is_unknown_creation
    ]
    return replace(context, warnings=(*context.warnings, *told))


async def _content(place: Place, cli: Cli) -> bytes:
    content = await apart(lambda: _recorded(place), place=place.root or cli.directory)
    return await _export(cli, place.url) if content is None else content


def _recorded(place: Place) -> bytes | None:
    """Return the checkpoint's bytes; None where only the CLI can read it."""
    file = place.state_file
    return None if file is None else read_bytes(file, most=MOST_STATE_BYTES)


async def _export(cli: Cli, url: str, *options: str) -> bytes:
    run = await cli.run("stack", "export", *options, timeout_s=_EXPORT_S)
    if run.exit_code != 0:
        raise cli.failure(run, f"its state could not be exported from {without_secrets(url)}")
    return run.stdout


async def deciphered_checkpoint(context: Context, content: bytes) -> Checkpoint | None:
    """Return another record of the same stack with its secrets; None where only the CLI could."""
    checkpoint = parse_checkpoint(content, origin=context.place.label)
    if checkpoint.secrets_manager not in (PASSPHRASE, None):
        return None
    return await _deciphered(replace(context, content=content))


async def _deciphered(context: Context) -> Checkpoint:
    origin = str(context.place.state_file or f"{context.place.url} ({context.place.label})")
    checkpoint = parse_checkpoint(context.content, origin=origin)
    if not _holds_secrets(checkpoint):
        return checkpoint
    salt = checkpoint.secrets_state.get("salt")
    if checkpoint.secrets_manager != PASSPHRASE or not isinstance(salt, str):
        content = await _export(context.cli, context.place.url, "--show-secrets")
        return _with_values(parse_checkpoint(content, origin=origin), _never, label=origin)
    decrypt = await asyncio.to_thread(
        passphrase_decrypter, salt, context.cli.environment, stack=context.place.label
    )
    return _with_values(checkpoint, decrypt, label=context.place.label)


def _never(_ciphertext: str) -> str:
    raise PermanentError(
        "the CLI exported a state with secrets that it did not decipher",
        remedy="check the stack's secrets provider with `pulumi stack export --show-secrets`",
    )


def _with_values(checkpoint: Checkpoint, decrypt: Decrypt, *, label: str) -> Checkpoint:
    def clear(resource: StateResource) -> StateResource:
        try:
            inputs = deciphered(resource.inputs, decrypt)
            outputs = deciphered(resource.outputs, decrypt)
        except UNDECIPHERABLE as error:
            raise PermanentError(
                f"{label}: a secret of {resource.urn} in the state is damaged",
                remedy="restore the state from .pulumi/backups, or by `pulumi stack import`",
            ) from error
        return replace(resource, inputs=inputs, outputs=outputs)

    return replace(
        checkpoint,
        resources=tuple(clear(one) for one in checkpoint.resources),
        pending=tuple(replace(one, resource=clear(one.resource)) for one in checkpoint.pending),
    )


def _holds_secrets(checkpoint: Checkpoint) -> bool:
    resources = (*checkpoint.resources, *(one.resource for one in checkpoint.pending))
    return any(
        next(secret_paths(side), None) is not None
        for resource in resources
        for side in (resource.inputs, resource.outputs)
    )


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
    return sources_below(folders, without={home, context.place.root or home})


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
