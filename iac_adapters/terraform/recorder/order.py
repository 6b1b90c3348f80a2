"""What is to be recorded, and who starts its providers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

from iac_adapters.plugin_host.deadlines import CONFIGURE_S
from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.state import StateInstance

StartProvider: TypeAlias = Callable[[InstalledProvider], Awaitable[Provider]]
"""Starts a provider, not configured yet."""


@dataclass(frozen=True, slots=True)
class RecordingOrder:
    """What to evaluate, and with what. `types` is what the stack is known to use, None all.

    `instances` are the state's; without them those of equal content stay unmatched.
    """

    directory: Path
    executable: Path
    providers: tuple[InstalledProvider, ...]
    types: frozenset[str] | None
    arguments: tuple[str, ...] = ()
    exclusions: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)
    instances: tuple[StateInstance, ...] = field(default=(), repr=False)
    data: tuple[StateInstance, ...] = field(default=(), repr=False)
    """What the state holds of the data sources."""
    configure_deadline_s: float = CONFIGURE_S
    called_from: Path | None = None
    files: tuple[Path, ...] = ()
    """The code's, which say what a local value refers to."""
    ephemerals: tuple[str, ...] = ()
    """The addresses of the code's ephemeral resources, without keys."""
