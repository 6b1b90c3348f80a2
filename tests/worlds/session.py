"""Worlds deployed at most once, each on a simulated cloud of its own."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.simulator import running_simulator
from tests.worlds.deploy import Deployed, deploy

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iac_adapters.terraform.executable import Executable


@dataclass(frozen=True, slots=True)
class Worlds:
    """Deploys a stack when it is first asked for; whoever changes it puts it back."""

    folder: Path
    clouds: ExitStack
    hashes: bool = False
    _deployed: dict[tuple[str, str], Deployed] = field(default_factory=dict)

    def deployed(self, stack: str, tool: Executable) -> Deployed:
        """Return the stack as `tool` applied it.

        Raises:
            ToolError: The tool ended with an error.
        """
        key = (stack, tool.name)
        if key not in self._deployed:
            directory = self.folder / tool.name
            directory.mkdir(exist_ok=True)
            cloud = self.clouds.enter_context(running_simulator())
            self._deployed[key] = deploy(
                stack,
                directory,
                simulator_endpoint=cloud.endpoint,
                executable=tool.path,
                hashes=self.hashes,
            )
        return self._deployed[key]


@contextmanager
def worlds_in(folder: Path, *, hashes: bool = False) -> Iterator[Worlds]:
    """Keep worlds under `folder`; their clouds end with the block. `hashes`: see `deploy`."""
    with ExitStack() as clouds:
        yield Worlds(folder, clouds, hashes=hashes)
