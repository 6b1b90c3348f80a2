"""`[[script]]` of `trueup.toml`: executables that policies may name, each with its hash."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final

from reconciler.checked_values import Name
from reconciler.domain.scripts import ScriptLimits, ScriptRule
from reconciler.field_rules import Checked, Rule, Section
from reconciler.settings_values import Span, size_of_at_least
from reconciler.wire.rules import between

_DEFAULTS: Final = ScriptLimits()
_MEMORY: Final = size_of_at_least(2**24, "an interpreter needs")
_FILE: Final = size_of_at_least(0, "a file has")
VariableName = Annotated[str, Rule({"pattern": r"^[A-Za-z_][A-Za-z0-9_]*$", "max_length": 200})]


@dataclass(frozen=True, slots=True, kw_only=True)
class ScriptSettings(Section):
    """One `[[script]]`: a file of the scripts directory that may run while it has this hash."""

    name: Name
    """The file's name in the directory `scripts` of `[daemon]`."""
    sha256: Annotated[str, Rule({"pattern": r"^[0-9a-f]{64}$"})]
    time_limit: Span = _DEFAULTS.time
    memory: Annotated[int, Checked(_MEMORY, first=True)] = _DEFAULTS.memory
    """Bytes of address space of each of its processes."""
    processes: Annotated[int, between(1, 4096)] = _DEFAULTS.processes
    open_files: Annotated[int, between(8, 65_536)] = _DEFAULTS.open_files
    file_size: Annotated[int, Checked(_FILE, first=True)] = _DEFAULTS.file_size
    """Bytes of the longest file that it may write."""
    disk: Annotated[int, Checked(_FILE, first=True)] = _DEFAULTS.disk
    """Bytes that all files of its working directory may take."""
    network: bool = False
    isolated: bool = True
    """Whether it runs in namespaces of its own; where the host has none, it does not run."""
    environment: tuple[VariableName, ...] = ()
    """Which variables of the stack it gets, by name."""

    def __post_init__(self) -> None:
        """Refuse limits that cannot be kept."""
        if not self.isolated and not self.network:
            message = "only isolation denies the network: `isolated = false` needs `network = true`"
            raise ValueError(message)
        if self.time_limit <= timedelta(0):
            message = "a script needs some time: give a `time_limit` above 0s"
            raise ValueError(message)

    def rule(self, directory: Path) -> ScriptRule:
        """Return the same as the engine takes it."""
        return ScriptRule(
            name=self.name,
            path=str(directory / self.name),
            sha256=self.sha256,
            limits=ScriptLimits(
                time=self.time_limit,
                memory=self.memory,
                processes=self.processes,
                open_files=self.open_files,
                file_size=self.file_size,
                disk=self.disk,
            ),
            network=self.network,
            isolated=self.isolated,
            environment=self.environment,
        )
