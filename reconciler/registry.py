"""The tools by name, as installed distributions register their adapters."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.bounded_files import named, names_in
from reconciler.domain.errors import PermanentError
from reconciler.entry_points import EntryPoint, entry_points

if TYPE_CHECKING:
    from reconciler.ports import AdapterFactory, AdapterSetup, Claim, IacAdapter
    from reconciler.stack_options import StackOptions

GROUP: Final = "trueup.adapters"
_MEMBERS: Final = ("looks_for", "options", "detect", "discover", "open")
_NAME_ANOTHER: Final = "give a directory, or the name of a stack of trueup.toml"


class InstalledTools:
    """Implements `reconciler.stack_options.StackTools`; each factory is imported once."""

    def __init__(self) -> None:
        self._found: tuple[EntryPoint, ...] | None = None
        self._factories: dict[str, AdapterFactory] = {}
        self._broken: dict[str, PermanentError] = {}

    def names(self) -> tuple[str, ...]:
        """Return every registered name, sorted, without importing any."""
        return tuple(sorted({point.name for point in self._points()}))

    def _points(self) -> tuple[EntryPoint, ...]:
        """Return every entry point of the group; finding them reads each distribution's files."""
        if self._found is None:
            self._found = entry_points(GROUP)
        return self._found

    def factory(self, tool: str) -> AdapterFactory:
        """Return the factory that is registered as `tool`.

        Raises:
            PermanentError: no installed distribution provides it, two do, or it cannot be loaded.
        """
        if tool in self._broken:
            raise self._broken[tool]
        if tool not in self._factories:
            try:
                self._factories[tool] = self._load(tool)
            except PermanentError as error:
                self._broken[tool] = error
                raise
        return self._factories[tool]

    def options(self, tool: str) -> type[StackOptions]:
        """Return the model of what a stack of `tool` may say. See `factory`."""
        return self.factory(tool).options

    def every_options(self) -> dict[str, type[StackOptions]]:
        """Return the model of each tool whose adapter can be loaded, by its name."""
        return {name: factory.options for name, factory in self._usable().items()}

    def open(self, tool: str, setup: AdapterSetup) -> IacAdapter:
        """Return a fresh adapter of `tool`; the caller closes it. See `factory`."""
        return self.factory(tool).open(setup)

    def detect(self, directory: Path) -> str:
        """Return the tool whose stack lies in `directory`, by the strongest claim.

        Raises:
            PermanentError: it is no directory, none claims it, or two claim it equally.
        """
        claims = self.claims(directory)
        strongest = [name for name, claim in claims.items() if claim == max(claims.values())]
        if len(strongest) == 1:
            return strongest[0]
        if strongest:
            raise PermanentError(
                f"{directory} is a stack of {' and of '.join(strongest)}",
                remedy=f'say which in trueup.toml: `tool = "{strongest[0]}"` in its [[stack]]',
            )
        broken = [f"; {error}" for error in self._broken.values()]
        raise PermanentError(
            f"{self.nothing_in(directory)}{''.join(broken)}",
            remedy="give the directory of a root module, or find them: trueup init",
        )

    def claims(self, directory: Path) -> dict[str, Claim]:
        """Return how strongly each tool claims `directory`; those that do not are left out.

        Raises:
            PermanentError: it cannot be listed.
        """
        try:
            names_in(directory)
            found = {name: factory.detect(directory) for name, factory in self._usable().items()}
        except FileNotFoundError as error:
            raise PermanentError(f"{directory} does not exist", remedy=_NAME_ANOTHER) from error
        except NotADirectoryError as error:
            raise PermanentError(f"{directory} is not a directory", remedy=_NAME_ANOTHER) from error
        except OSError as error:
            raise named(error, directory) from error
        return {name: claim for name, claim in found.items() if claim is not None}

    def above(self, directory: Path) -> Path | None:
        """Return the nearest folder above `directory` that a tool works on from within it.

        That is such as Pulumi's CLI, which may be started in any subfolder of a project. None
        where `directory` is a stack itself.
        """
        if self.claims(directory):
            return None
        looking = [
            factory for factory in self._usable().values() if getattr(factory, "looks_above", False)
        ]
        for folder in directory.parents:
            with contextlib.suppress(OSError):
                if any(factory.detect(folder) is not None for factory in looking):
                    return folder
        return None

    def nothing_in(self, directory: Path) -> str:
        """Say of a directory that no tool claims what was looked for."""
        usable = self._usable()
        tools = " or ".join(name.capitalize() for name in usable)
        files = " and ".join(f"no {factory.looks_for}" for factory in usable.values())
        return f"no {tools} code found in {directory}: {files}"

    def _usable(self) -> dict[str, AdapterFactory]:
        """Return every factory that can be loaded: a broken adapter stops its own stacks only."""
        for name in self.names():
            if name not in self._factories and name not in self._broken:
                try:
                    self._factories[name] = self._load(name)
                except PermanentError as error:
                    self._broken[name] = error
        return {name: self._factories[name] for name in self.names() if name in self._factories}

    def _load(self, tool: str) -> AdapterFactory:
        # One distribution seen through two entries of sys.path is still one adapter.
        values = {point.value: point for point in self._points() if point.name == tool}
        if len(values) != 1:
            installed = ", ".join(self.names()) or "none"
            raise PermanentError(
                f"{len(values)} adapters are named {tool!r}; installed: {installed}",
                remedy="install the adapter's distribution, or remove the second one",
            )
        ((value, point),) = values.items()
        try:
            factory: AdapterFactory = point.load()()
        except Exception as error:
            raise PermanentError(
                f"the adapter {tool!r} ({value}) cannot be loaded: {type(error).__name__}: {error}",
                remedy="repair or remove the distribution that provides it",
            ) from error
        lacking = [member for member in _MEMBERS if not hasattr(factory, member)]
        if lacking:
            raise PermanentError(
                f"the adapter {tool!r} ({value}) is no adapter factory: it has no"
                f" {', '.join(lacking)}",
                remedy="see docs/adapters.md",
            )
        return factory
