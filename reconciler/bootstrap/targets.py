"""Which stacks are meant: names of `trueup.toml`, directories, or everything."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from reconciler.bootstrap.options import checked_options
from reconciler.domain.errors import PermanentError
from reconciler.domain.model import StackName
from reconciler.environment_file import read_environment_file
from reconciler.ports import StackReference
from reconciler.settings import StackSettings
from reconciler.stack_options import StackOptions, StackTools

_SPELLED: Final = {"pulumi_stack": "--stack", "var_files": "--var-file"}
_FLAGS: Final = frozenset({"workspace", "dynamic_providers", "children"})


@dataclass(frozen=True, slots=True)
class Targets:
    """What the command line asked to scan; each `chosen` is a directory or a stack's name.

    `every` asks for all stacks of `trueup.toml`, wherever the command was called. `options` are
    said to every stack whose tool has such a key: a list adds to what `trueup.toml` says, any
    other value replaces it.
    """

    chosen: tuple[str, ...] = ()
    every: bool = False
    engine: str | None = None
    options: Mapping[str, Any] = field(default_factory=dict)


def resolve_targets(
    targets: Targets, *, tools: StackTools, stacks: Iterable[StackSettings] = (), here: Path
) -> tuple[StackReference, ...]:
    """Return the stacks meant, each once, in the order they were named.

    A name of `trueup.toml` wins over a directory of the same name. Without any, the stacks
    whose directory `here` lies in are meant, else all of `trueup.toml`, and without those the
    directory `here`.

    Raises:
        PermanentError: one is neither, or without code; none takes an option; `every` is asked
            for and no stack is configured.
    """
    configured = {stack.name: stack for stack in stacks}
    if targets.every and not configured:
        raise PermanentError(
            "--all needs a trueup.toml with stacks, and none was found here or above",
            remedy="write one: trueup init",
        )
    return _Resolution(targets, tools, configured, here).references()


def unlisted_root(
    targets: Targets, *, tools: StackTools, stacks: Collection[StackSettings], here: Path
) -> Path | None:
    """Return the stack's directory around `here` that is passed over for those of trueup.toml.

    None where `targets` says what is meant, or where `here` lies in no stack but the listed ones.
    """
    if targets.chosen or targets.every or not stacks or _around(here, stacks):
        return None
    directory = Path(os.path.realpath(here))
    try:
        above = tools.above(directory)
        if above is None:
            tools.detect(directory)
    except PermanentError:
        return None
    return above or directory


@dataclass(frozen=True, slots=True)
class _Resolution:
    """One answer to which stacks are meant."""

    targets: Targets
    tools: StackTools
    configured: Mapping[str, StackSettings]
    here: Path

    def references(self) -> tuple[StackReference, ...]:
        found = tuple(self._found())
        for key in self.targets.options:
            self._refuse_unheard(key, found)
        return found

    def _found(self) -> Iterable[StackReference]:
        if not self.targets.chosen and self.configured:
            own = () if self.targets.every else _around(self.here, self.configured.values())
            return map(self._of_settings, own or self.configured.values())
        references = [
            reference
            for name in self.targets.chosen or (".",)
            for reference in (
                (self._of_settings(self.configured[name]),)
                if name in self.configured
                else self._of_directory(name)
            )
        ]
        return _told_apart(references, self.here)

    def _of_directory(self, given: str) -> tuple[StackReference, ...]:
        # realpath, not resolve: a link that leads back to itself is answered below.
        directory = Path(os.path.realpath(self.here / given))
        known = self._configured_in(directory)
        if known:
            return tuple(map(self._of_settings, known))
        if not directory.exists() and os.sep not in given and given not in (".", ".."):
            names = ", ".join(sorted(self.configured)) or "none"
            import difflib  # noqa: PLC0415 - only a mistake needs it

            near = difflib.get_close_matches(given, self.configured, n=1)
            raise PermanentError(
                f"{given!r} is neither a directory nor a stack of trueup.toml (stacks: {names})",
                remedy=f"did you mean {near[0]}?"
                if near
                else "give a directory, or add the stack: trueup init --add",
            )
        above = self.tools.above(directory) if directory.is_dir() else None
        if above is not None:
            return self._of_directory(str(above))
        tool = self.tools.detect(directory)
        found = StackReference(
            name=StackName(directory.name or "root"),
            directory=directory,
            tool=tool,
            engine=self.targets.engine or "auto",
            options=self._options(tool, {}, directory),
        )
        return (found,)

    def _configured_in(self, directory: Path) -> list[StackSettings]:
        """Return the stacks of trueup.toml in `directory`.

        Where options are given, those that they ask for, or the first one to give them to.
        """
        stacks = [
            stack
            for stack in self.configured.values()
            if os.path.realpath(stack.directory) == str(directory)
        ]
        said = self.targets.options.items()
        exact = [stack for stack in stacks if all(stack.options.get(key) == to for key, to in said)]
        return exact or stacks[:1]

    def _of_settings(self, stack: StackSettings) -> StackReference:
        directory = Path(os.path.realpath(stack.directory))
        tool = stack.tool or self.tools.detect(directory)
        return StackReference(
            name=StackName(stack.name),
            directory=directory,
            tool=tool,
            engine=self.targets.engine or stack.engine,
            options=self._options(tool, stack.options, directory),
            environment=read_environment_file(stack.env_file) if stack.env_file else {},
        )

    def _options(self, tool: str, written: Mapping[str, Any], place: Path) -> StackOptions:
        """Return what the file says, and over it what the command line says and the tool has."""
        fields = self.tools.options(tool).option_keys()
        own = {key: value for key, value in self.targets.options.items() if key in fields}
        both = {
            **written,
            **{key: _joined(written.get(key), value) for key, value in own.items()},
        }
        return checked_options(tool, both, tools=self.tools, place=str(place))

    def _refuse_unheard(self, key: str, found: Iterable[StackReference]) -> None:
        tools = sorted({reference.tool for reference in found})
        models = self.tools.every_options().items()
        owners = [tool for tool, model in models if key in model.option_keys()]
        if set(owners) & set(tools):
            return
        if not owners:
            raise self._unknown(key, tools)
        raise PermanentError(
            f"`{option_of(key)}` is an option of {' and '.join(owners)} stacks, and what is scanned"
            f" is {' and '.join(tools)}",
            remedy="leave it out, or name another stack",
        )

    def _unknown(self, key: str, tools: Sequence[str]) -> PermanentError:
        keys = {tool: sorted(self.tools.options(tool).option_keys()) for tool in tools}
        every = sorted({name for names in keys.values() for name in names})
        import difflib  # noqa: PLC0415 - only a mistake needs it

        near = difflib.get_close_matches(key, every, n=1)
        hint = f"did you mean {near[0]}? " if near else ""
        listed = (f"options of {tool} stacks: {', '.join(names)}" for tool, names in keys.items())
        return PermanentError(f"no tool has an option {key!r}", remedy=hint + "; ".join(listed))


def option_of(key: str) -> str:
    """Return how the command line spells the option `key` of a stack."""
    if key in _SPELLED:
        return _SPELLED[key]
    return f"--{key.replace('_', '-')}" if key in _FLAGS else f"--option {key}"


def _joined(written: Any, given: Any) -> Any:
    return [*(written or ()), *given] if isinstance(given, list | tuple) else given


def _around(here: Path, stacks: Collection[StackSettings]) -> tuple[StackSettings, ...]:
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
    kept = tuple(
        {(reference.name, reference.directory): reference for reference in references}.values()
    )
    times = Counter(reference.name for reference in kept)
    return tuple(
        reference
        if times[reference.name] == 1
        else replace(reference, name=StackName(os.path.relpath(reference.directory, here)))
        for reference in kept
    )
