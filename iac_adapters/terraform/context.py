"""Everything about a root module that can be known without evaluating it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.provider_files import ProviderFiles
from iac_adapters.revision import Revision
from iac_adapters.terraform.backend import (
    StateLocation,
    locate_state,
    read_state,
    state_at_rest,
)
from iac_adapters.terraform.dev_overrides import DevOverrides, dev_overrides
from iac_adapters.terraform.exclusions import excluded_by, exclusions_in
from iac_adapters.terraform.executable import TOFU, Executable, find_executable
from iac_adapters.terraform.given_variables import given_variables
from iac_adapters.terraform.installed import (
    LOCK_FILE,
    InstalledProvider,
    installed_providers,
    locked_versions,
)
from iac_adapters.terraform.known_texts import Scope
from iac_adapters.terraform.options import TerraformOptions
from iac_adapters.terraform.package_check import check_packages
from iac_adapters.terraform.read_only import left_out, read_only, variable_files
from iac_adapters.terraform.recorded_content import digests_of
from iac_adapters.terraform.source import Source
from iac_adapters.terraform.source_cache import forget_parser
from iac_adapters.terraform.source_reading import load_source
from iac_adapters.terraform.state import StateFile, StateInstance, parse_state
from iac_adapters.terraform.workspace import data_directory, selected_workspace
from reconciler.bounded_files import apart, names_in, read_bytes
from reconciler.domain.errors import PermanentError
from reconciler.domain.passed_environment import without_ours
from reconciler.ports import StackReference

BUILT_IN: Final = "terraform.io/builtin/terraform"
_PACKAGES_WITHIN_S: Final = 600.0
"""A package of a gigabyte on a slow disk is read once, to be checked."""
_LONGEST_PATH: Final = 4096
_REMOTE_STATE: Final = "terraform_remote_state"


@dataclass(frozen=True, slots=True, repr=False)
class Context:
    """One root module: code, state, plugins, tool. `revision` covers all of them."""

    directory: Path
    tool: str
    executable: Path
    workspace: str
    state: StateFile
    source: Source
    providers: tuple[InstalledProvider, ...]
    revision: str
    plan_arguments: tuple[str, ...]
    environment: Mapping[str, str] = field(repr=False)
    provider_files: ProviderFiles = field(repr=False)
    called_from: Path
    """Where the tool is called from; the root module itself, unless configured otherwise."""
    warnings: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    """The options that leave resources out of every plan."""
    excluded: frozenset[str] = frozenset()
    """The addresses in the state that these leave out."""
    missing: PluginStartError | None = field(default=None, compare=False)
    """Why a plugin is not among `providers`."""

    def require_plugins(self) -> None:
        """Return where every plugin of the stack is there; see `InstalledProviders.required`."""
        if self.missing is not None:
            raise self.missing

    @property
    def managed_instances(self) -> tuple[StateInstance, ...]:
        """The state's managed resources that a provider plugin serves."""
        return tuple(
            instance
            for instance in self.state.instances
            if instance.mode == "managed" and instance.provider.source != BUILT_IN
        )

    @property
    def types(self) -> frozenset[str]:
        """Every type the state or the code names."""
        return frozenset(i.type for i in self.state.instances) | self.source.resource_types()

    def digests_of_file(self, text: str) -> frozenset[str] | None:
        """Return the hashes of the file that `text` names, seen from where the tool is called.

        None where it names none; nothing of one that is too large, or may not be read.
        """
        path = self.called_from / text
        if not _is_file(path):
            return None
        try:
            return digests_of(read_bytes(path))
        except OSError:
            return frozenset()

    @property
    def reads_remote_state(self) -> bool:
        """Whether the code depends on other stacks' outputs, which nothing here can watch."""
        return _REMOTE_STATE in self.source.resource_types()


def _is_file(path: Path) -> bool:
    try:
        return len(str(path)) <= _LONGEST_PATH and path.is_file()
    except (OSError, ValueError):
        return False  # a text that is no path: too long a name, a null byte


async def prepare(reference: StackReference, *, key: bytes, cache_dir: Path) -> Context:
    """Load state and code of a root module, and those of its plugins that are there.

    Raises:
        RetryableError: the state's backend could not be reached.
        PermanentError: something is missing or broken; the message names it.
    """
    directory = reference.directory
    found = await apart(lambda: _survey(reference, cache_dir=cache_dir), place=directory)
    content = found.state
    if content is None:
        content = await read_state(
            found.location,
            executable=found.executable.path,
            environment=found.environment,
            called_from=found.called_from,
        )
    return await apart(
        lambda: _context(reference, found, state=content, key=key, cache_dir=cache_dir),
        place=directory,
        within_s=_PACKAGES_WITHIN_S,
    )


@dataclass(frozen=True, slots=True, repr=False)
class _Survey:
    """What the directory says, and the state where that is a file beside it."""

    environment: dict[str, str]
    data_dir: Path
    workspace: str
    executable: Executable
    source: Source
    location: StateLocation
    called_from: Path
    state: bytes | None
    """What a state in a file says; None where a tool is asked, or somebody writes it."""


def _survey(reference: StackReference, *, cache_dir: Path) -> _Survey:
    directory = reference.directory
    environment = read_only({**without_ours(os.environ), **reference.environment})
    names_in(directory)  # one that is not there is told as such, not by a file missing in it
    data_dir = data_directory(directory, environment)
    options = reference.options_as(TerraformOptions)
    workspace = selected_workspace(directory, environment=environment, wanted=options.workspace)
    if options.workspace is not None:
        environment["TF_WORKSPACE"] = workspace
    executable = find_executable(directory, environment)
    called_from = _called_from(reference)
    source = load_source(
        directory,
        data_dir=data_dir,
        cache_dir=cache_dir / "sources",
        tool=executable.name,
        scope=Scope(
            (), directory, directory, called_from, workspace,
            given=lambda: given_variables(directory, environment, options.var_files),
        ),
    )  # fmt: skip
    # At once: what is made later would lie among the tables, and hold on to their memory.
    forget_parser()
    location = locate_state(
        directory, workspace=workspace, environment=environment, declared=source.backend,
        tool=executable.name,
    )  # fmt: skip
    return _Survey(
        environment, data_dir, workspace, executable, source, location, called_from,
        state_at_rest(location),
    )  # fmt: skip


def _context(
    reference: StackReference, found: _Survey, *, state: bytes, key: bytes, cache_dir: Path
) -> Context:
    directory, executable = reference.directory, found.executable
    options = reference.options_as(TerraformOptions)
    given = {**os.environ, **reference.environment}
    parsed = parse_state(state, origin=found.location.description)
    _refuse_unqualified(parsed, found.location.description, executable.name)
    overrides = dev_overrides(
        found.environment,
        tool=executable.name,
        called_from=found.called_from,
        directory=directory.absolute(),
    )
    tool, lock_file = executable.name, directory / LOCK_FILE
    followed = _followed(overrides, found.source, parsed, lock_file, tool=tool)
    plugins = installed_providers(directory, data_dir=found.data_dir, tool=tool, overrides=followed)
    check_packages(plugins.found, lock_file=lock_file, known=cache_dir / "packages", tool=tool)
    exclusions = exclusions_in(given) if executable.name == TOFU else ()
    context = Context(
        directory=directory,
        tool=executable.name,
        executable=executable.path,
        workspace=found.workspace,
        state=parsed,
        source=found.source,
        providers=plugins.found,
        revision="",
        plan_arguments=tuple(f"-var-file={file}" for file in options.var_files),
        environment=found.environment,
        provider_files=ProviderFiles(found.environment, directory.absolute()),
        called_from=found.called_from,
        warnings=(
            *found.source.warnings,
            *overrides.warnings,
            *(overrides.warning(label) for label in followed),
            *left_out(given, tool=executable.name),
        ),
        exclusions=exclusions,
        excluded=_excluded(exclusions, parsed, directory),
        missing=plugins.missing,
    )
    return replace(context, revision=_revision(context, reference, state=state, key=key))


def _excluded(exclusions: tuple[str, ...], state: StateFile, directory: Path) -> frozenset[str]:
    managed = [instance for instance in state.instances if instance.mode == "managed"]
    try:
        return excluded_by(exclusions, managed, directory=directory)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        raise PermanentError(message, remedy="check -exclude-file in TF_CLI_ARGS_plan") from error


def _followed(
    overrides: DevOverrides, source: Source, state: StateFile, lock_file: Path, *, tool: str
) -> dict[str, Path]:
    """Return the overrides of providers that the stack has to do with."""
    if not overrides.folders:
        return {}
    used = {*locked_versions(lock_file, tool=tool), *(i.provider.source for i in state.instances)}
    names = {type_name.split("_")[0] for type_name in source.resource_types()}
    return {
        label: folder
        for label, folder in overrides.folders.items()
        if label in used or label.rsplit("/", 1)[-1] in names
    }


def _called_from(reference: StackReference) -> Path:
    folder = reference.options_as(TerraformOptions).working_directory
    if folder is None:
        return reference.directory
    if not folder.is_dir():
        raise PermanentError(
            f"{folder}: no such directory", remedy="correct `working_directory` of the stack"
        )
    return folder


def _refuse_unqualified(state: StateFile, origin: str, tool: str) -> None:
    """Refuse what no plan can evaluate: providers without a namespace (Terraform 0.12)."""
    legacy = sorted(
        {i.provider.source for i in state.instances if i.provider.source.split("/")[-2:-1] == ["-"]}
    )
    if not legacy:
        return
    commands = "; ".join(
        f"{tool} state replace-provider {source} {source.replace('/-/', '/hashicorp/')}"
        for source in legacy
    )
    raise PermanentError(
        f"{origin}: state version {state.version} names providers without a namespace:"
        f" {', '.join(legacy)}; no current release can plan with it",
        remedy=f"upgrade it once: {commands}",
    )


def _revision(context: Context, reference: StackReference, *, state: bytes, key: bytes) -> str:
    revision = Revision(key)
    revision.add("directory", str(context.directory.resolve()))
    revision.add("called from", str(context.called_from.resolve()))
    revision.add("tool", str(context.executable))
    revision.add("source", context.source.digest)
    revision.add("state", state)
    revision.add_environment(context.environment)
    revision.add("excluded", repr((context.exclusions, sorted(context.excluded))))
    for provider in context.providers:
        revision.add(provider.source, provider.identity)
    try:
        revision.add_files(reference.options_as(TerraformOptions).var_files)
        named = variable_files(context.environment)
        revision.add_files(context.directory / Path(name).expanduser() for name in named)
    except OSError as error:
        message = f"{error.filename}: {error.strerror}"
        remedy = "check --var-file, `var_files` of the stack and TF_CLI_ARGS"
        raise PermanentError(message, remedy=remedy) from error
    return revision.hexdigest()
