"""Shops brought up at most once, each on a simulated cloud of its own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.simulator import running_simulator
from tests.worlds.pulumi.shop import Shop, deploy_pulumi
from tests.worlds.pulumi.tools import PulumiTools


@dataclass(frozen=True, slots=True)
class Shops:
    """Brings a shop up when it is first asked for; whoever changes it puts it back."""

    folder: Path
    tools: PulumiTools
    provider: Path
    clouds: ExitStack
    _deployed: dict[str, Shop] = field(default_factory=dict)

    def deployed(self, name: str) -> Shop:
        """Return the shop as `pulumi up` left it.

        Raises:
            CliFailedError: the CLI ended with an error.
        """
        if name not in self._deployed:
            folder = self.folder / name
            folder.mkdir()
            endpoint = self.clouds.enter_context(running_simulator()).endpoint
            self._deployed[name] = deploy_pulumi(
                name, folder, tools=self.tools, provider=self.provider, endpoint=endpoint
            )
        return self._deployed[name]


@contextmanager
def shops_in(folder: Path, *, tools: PulumiTools, provider: Path) -> Iterator[Shops]:
    """Keep shops under `folder`; their clouds end with the block."""
    with ExitStack() as clouds:
        yield Shops(folder, tools, provider, clouds)
