"""What the engine asks of the outside, and what it may rely on."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.domain.model import Observed, ResourceAddress, Snapshot, StackName


@dataclass(frozen=True, slots=True)
class StackReference:
    """Which stack to read, as configuration or the command line named it.

    `engine` is `auto`, `plugin` or `cli`. `environment` is laid over the process's
    own for the tool and its plugins; it may hold credentials and is never stored.
    """

    name: StackName
    directory: Path
    tool: str
    workspace: str | None = None
    pulumi_stack: str | None = None
    var_files: tuple[Path, ...] = ()
    engine: str = "auto"
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)


class Clock(Protocol):
    """The only source of time in the engine."""

    def now(self) -> datetime:
        """The present, aware, in UTC."""
        ...


class IacAdapter(Protocol):
    """One infrastructure-as-code tool, read-only so far as detection goes."""

    async def load(self, reference: StackReference) -> Snapshot:
        """Return the stack as recorded and declared; no cloud object is read.

        Nothing is written into the stack's directory, its backend or the cloud.

        Raises:
            RetryableError: the backend could not be reached.
            PermanentError: the code, the state or the set-up is unusable as it is.
        """
        ...

    def observe(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress] | None
    ) -> AsyncIterator[Observed]:
        """Read and judge `addresses` (all when None), yielding each as it is known.

        Every address asked for is yielded exactly once; a failed read is `Unreadable`.
        """
        ...

    async def close(self) -> None:
        """End every process that was started; closing twice is closing once."""
        ...
