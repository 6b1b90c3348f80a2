"""Pulumi as it is registered: which directories are projects, and of which stacks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from iac_adapters.pulumi.options import PulumiOptions
from reconciler.bounded_files import names_in
from reconciler.ports import AdapterSetup, Claim, DiscoveredStack, IacAdapter

_PROJECT_FILES: Final = frozenset({"Pulumi.yaml", "Pulumi.yml", "Pulumi.json"})


class PulumiFactory:
    """Implements `reconciler.ports.AdapterFactory`."""

    looks_for = "Pulumi.yaml"
    looks_above = True
    options = PulumiOptions

    def detect(self, directory: Path) -> Claim | None:
        """Claim a directory that holds a project file. See `AdapterFactory.detect`."""
        return Claim.PROJECT if names_in(directory) & _PROJECT_FILES else None

    def discover(self, claimed: Sequence[Path]) -> Sequence[DiscoveredStack]:
        """Return every project, with its first stack chosen and the others beside it."""
        return [DiscoveredStack(folder, _lines(_stacks_of(folder))) for folder in claimed]

    def open(self, setup: AdapterSetup) -> IacAdapter:
        """Return a fresh adapter. See `AdapterFactory.open`."""
        # The adapter loads gRPC; a command that only names stacks must not.
        from iac_adapters.pulumi.adapter import PulumiAdapter  # noqa: PLC0415

        return PulumiAdapter(setup)


def _stacks_of(folder: Path) -> list[str]:
    """Return the stacks that have a settings file, such as `Pulumi.NAME.yaml`."""
    files = (*folder.glob("Pulumi.*.y*ml"), *folder.glob("Pulumi.*.json"))
    names = (path.name.split(".") for path in files)
    return sorted(".".join(parts[1:-1]) for parts in names)


def _lines(stacks: Sequence[str]) -> tuple[str, ...]:
    if not stacks:
        return ('# pulumi_stack = "dev"',)
    # Every JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    first = json.dumps(stacks[0], ensure_ascii=False).replace("\x7f", "\\u007f")
    others = f"  # also here: {', '.join(stacks[1:])}" if stacks[1:] else ""
    return (f"pulumi_stack = {first}{others}",)
