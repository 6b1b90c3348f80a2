"""What the entry point names: light to import, since it is asked about every directory."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from reconciler.bounded_files import names_in
from reconciler.checked_values import ExistingFile
from reconciler.ports import AdapterSetup, Claim, DiscoveredStack, IacAdapter
from reconciler.stack_options import StackOptions

PROJECT_FILE = "world.json"


class WorldOptions(StackOptions):
    """The keys of `[[stack]]` for a world."""

    cloud: ExistingFile | None = None
    """Where the things are; `cloud.json` beside the project, unless given."""
    only: str = ""
    """Which things are looked at, by the beginning of their names."""


class WorldFactory:
    """Implements `reconciler.ports.AdapterFactory`."""

    looks_for = PROJECT_FILE
    options = WorldOptions

    def detect(self, directory: Path) -> Claim | None:
        return Claim.PROJECT if PROJECT_FILE in names_in(directory) else None

    def discover(self, claimed: Sequence[Path]) -> Sequence[DiscoveredStack]:
        return [DiscoveredStack(folder, ('# only = "web-"',)) for folder in claimed]

    def open(self, setup: AdapterSetup) -> IacAdapter:
        from .adapter import WorldAdapter  # noqa: PLC0415 - only where a world is read

        return WorldAdapter(setup)
