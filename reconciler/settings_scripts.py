"""`[[script]]` of `trueup.toml`: executables that policies may name, each with its hash."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from reconciler.checked_values import Name
from reconciler.domain.scripts import ScriptLimits, ScriptRule
from reconciler.settings_values import Span, size_of_at_least

_DEFAULTS: Final = ScriptLimits()
_MEMORY: Final = size_of_at_least(2**24, "an interpreter needs")
_FILE: Final = size_of_at_least(0, "a file has")


class ScriptSettings(BaseModel):
    """One `[[script]]`: a file of the scripts directory that may run while it has this hash."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Name
    """The file's name in the directory `scripts` of `[daemon]`."""
    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    time_limit: Span = _DEFAULTS.time
    memory: Annotated[int, BeforeValidator(_MEMORY)] = _DEFAULTS.memory
    """Bytes of address space of each of its processes."""
    processes: Annotated[int, Field(ge=1, le=4096)] = _DEFAULTS.processes
    open_files: Annotated[int, Field(ge=8, le=65_536)] = _DEFAULTS.open_files
    file_size: Annotated[int, BeforeValidator(_FILE)] = _DEFAULTS.file_size
    """Bytes of the longest file that it may write."""
    network: bool = False
    isolated: bool = True
    """Whether it runs in namespaces of its own; where the host has none, it does not run."""
    environment: tuple[
        Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", max_length=200)], ...
    ] = ()
    """Which variables of the stack it gets, by name."""

    @model_validator(mode="after")
    def _can_be_kept(self) -> Self:
        if not self.isolated and not self.network:
            message = (
                "only isolation takes the network away: `isolated = false` needs `network = true`"
            )
            raise ValueError(message)
        if self.time_limit <= timedelta(0):
            message = "a script needs some time: give a `time_limit` above 0s"
            raise ValueError(message)
        return self

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
            ),
            network=self.network,
            isolated=self.isolated,
            environment=self.environment,
        )
