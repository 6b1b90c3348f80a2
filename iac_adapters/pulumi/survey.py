"""What the project's directory and the backend's folder say before the record is read."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from iac_adapters.pulumi.backend import Place, backend_url, locate_stack, unchosen
from iac_adapters.pulumi.locks import Holder, Lock, locks_of
from iac_adapters.pulumi.options import PulumiOptions
from iac_adapters.pulumi.programs import PulumiExecutable, checked_pulumi, tool_environment
from iac_adapters.pulumi.project import Project, load_project, selected_stack
from iac_adapters.pulumi.sdk import host_python
from iac_adapters.pulumi.secrets import with_whole_paths
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError, RetryableError
from reconciler.domain.passed_environment import without_ours
from reconciler.ports import StackReference


@dataclass(frozen=True, slots=True, repr=False)
class Survey:
    """Where a stack is, whose it is, and who holds it."""

    project: Project
    environment: Mapping[str, str]
    executable: PulumiExecutable
    stack: str
    place: Place
    locks: tuple[Lock, ...]


def survey(reference: StackReference) -> Survey:
    """Return what is found of the stack; blocks where a file system hangs.

    Raises:
        PermanentError: something is missing or broken; the message names it.
    """
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
    return Survey(project, environment, executable, stack, place, locks)


def _refuse_unfit(file: Path) -> None:
    """Raise OSError for a stack file the CLI would wait at for ever, or read without an end."""
    with contextlib.suppress(FileNotFoundError):
        read_bytes(file)


def _closed(place: object, error: OSError) -> PermanentError:
    return PermanentError(
        f"{place}: {error.strerror}", remedy="check the backend's folder and who may read it"
    )


def refuse_running(place: Place, locks: tuple[Lock, ...]) -> None:
    """Raise RetryableError while a process of this machine works on the stack.

    What it has changed already would show as drift until it has written it down.
    """
    for lock in locks:
        if lock.holder is Holder.ALIVE:
            raise RetryableError(
                f"{place.label}: an update by {lock} is under way",
                remedy="scan again when it has ended",
            )


def lock_warnings(locks: tuple[Lock, ...]) -> Iterator[str]:
    """Yield what a report has to say about locks that nobody waits for."""
    for lock in locks:
        if lock.holder is Holder.DEAD:
            yield (
                f"{lock} has left a lock behind and is gone;"
                " the next correction removes it, or `pulumi cancel` does"
            )
        else:
            yield f"locked by {lock} on another machine: what is under way there shows as drift"
