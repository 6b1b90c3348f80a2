"""Which stacks are meant: names of `trueup.toml`, directories, or everything."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from reconciler.bounded_files import named, names_in
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import StackName
from reconciler.environment_file import read_environment_file
from reconciler.ports import StackReference
from reconciler.settings import StackSettings

_NAME_ANOTHER: Final = "give a directory, or the name of a stack of trueup.toml"


@dataclass(frozen=True, slots=True)
class Targets:
    """What the command line asked to scan; each `chosen` is a directory or a stack's name.

    `every` asks for all stacks of `trueup.toml`, wherever the command was called.
    """

    chosen: tuple[str, ...] = ()
    every: bool = False
    engine: str | None = None
    workspace: str | None = None
    pulumi_stack: str | None = None
    dynamic_providers: bool = False
    var_files: tuple[Path, ...] = ()


def detect_tool(directory: Path) -> str:
    """Return `terraform` or `pulumi`, by what lies in `directory`.

    Raises:
        PermanentError: it is no directory, or holds neither.
    """
    try:
        names = names_in(directory)
    except FileNotFoundError as error:
        raise PermanentError(f"{directory} does not exist", remedy=_NAME_ANOTHER) from error
    except NotADirectoryError as error:
        raise PermanentError(f"{directory} is not a directory", remedy=_NAME_ANOTHER) from error
    except OSError as error:
        raise named(error, directory) from error
    if names & {"Pulumi.yaml", "Pulumi.yml"}:
        return "pulumi"
    if any(name.endswith((".tf", ".tf.json", ".tofu", ".tofu.json")) for name in names):
        return "terraform"
    raise PermanentError(
        f"no Terraform or Pulumi code found in {directory}",
        remedy="give the directory of a root module, or let `trueup init` find them",
    )


def resolve_targets(
    targets: Targets, *, stacks: Iterable[StackSettings] = (), here: Path
) -> tuple[StackReference, ...]:
    """Return the stacks meant, each once, in the order they were named.

    A name of `trueup.toml` wins over a directory of the same name. Without any, the stacks
    whose directory `here` lies in are meant, else all of `trueup.toml`, and without those the
    directory `here`.

    Raises:
        PermanentError: one is neither, or without code; `every` without any stack.
    """
    configured = {stack.name: stack for stack in stacks}
    if targets.every and not configured:
        raise PermanentError(
            "--all needs a trueup.toml with stacks, and none was found here or above",
            remedy="write one: trueup init",
        )
    if not targets.chosen and configured:
        own = () if targets.every else _around(here, configured.values())
        return tuple(_configured(stack, targets) for stack in own or configured.values())
    references = [
        _configured(configured[name], targets)
        if name in configured
        else _by_directory(name, configured, targets, here)
        for name in targets.chosen or (".",)
    ]
    return _told_apart(references, here)


def _around(here: Path, stacks: Iterable[StackSettings]) -> tuple[StackSettings, ...]:
    """Return the stacks in whose directory `here` is, those of the innermost directory only."""
    place = Path(os.path.realpath(here))
    found = {
        stack.name: Path(os.path.realpath(stack.directory))
        for stack in stacks
        if place.is_relative_to(os.path.realpath(stack.directory))
    }
    depth = max((len(directory.parts) for directory in found.values()), default=0)
    return tuple(
        stack for stack in stacks if stack.name in found and len(found[stack.name].parts) == depth
    )


def _told_apart(references: Iterable[StackReference], here: Path) -> tuple[StackReference, ...]:
    """Drop repetitions; where two stacks share a name, name them by their path instead."""
    kept = tuple({(one.name, one.directory): one for one in references}.values())
    times = Counter(one.name for one in kept)
    return tuple(
        one
        if times[one.name] == 1
        else replace(one, name=StackName(os.path.relpath(one.directory, here)))
        for one in kept
    )


def _by_directory(
    given: str, configured: Mapping[str, StackSettings], targets: Targets, here: Path
) -> StackReference:
    # realpath, not resolve: a link that leads back to itself is answered below.
    directory = Path(os.path.realpath(here / given))
    for stack in configured.values():
        if os.path.realpath(stack.directory) == str(directory) and not targets.pulumi_stack:
            return _configured(stack, targets)
    if not directory.exists() and os.sep not in given and given not in (".", ".."):
        names = ", ".join(sorted(configured)) or "none"
        raise PermanentError(
            f"{given!r} is neither a directory nor a stack of trueup.toml (stacks: {names})",
            remedy="give a directory, or add the stack: trueup init --add",
        )
    return StackReference(
        name=StackName(directory.name or "root"),
        directory=directory,
        tool=detect_tool(directory),
        workspace=targets.workspace,
        pulumi_stack=targets.pulumi_stack,
        var_files=tuple((here / file).resolve() for file in targets.var_files),
        engine=targets.engine or "auto",
        dynamic_providers=targets.dynamic_providers,
    )


def _configured(stack: StackSettings, targets: Targets) -> StackReference:
    directory = Path(os.path.realpath(stack.directory))
    return StackReference(
        name=StackName(stack.name),
        directory=directory,
        tool=detect_tool(directory),
        workspace=targets.workspace or stack.workspace,
        pulumi_stack=targets.pulumi_stack or stack.pulumi_stack,
        var_files=(*stack.var_files, *(file.resolve() for file in targets.var_files)),
        engine=targets.engine or stack.engine,
        dynamic_providers=stack.run_code and (targets.dynamic_providers or stack.dynamic_providers),
        working_directory=stack.working_directory,
        run_code=stack.run_code,
        environment=read_environment_file(stack.env_file) if stack.env_file else {},
    )
