"""What every benchmark stands on: deployed stacks, each reachable in two ways.

With the simulator named in the environment, and with it named service by service in the
provider block: the stock provider needs seconds more for the second.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from iac_adapters.terraform.executable import Executable
from tests.simulator import running_simulator
from tests.worlds.deploy import Deployed, deploy, write_provider_file

SIZES: Final = ("small5", "modules", "mixed62", "wide200", "wide300")
BY_ENVIRONMENT: Final = "AWS_ENDPOINT_URL"
BY_BLOCK: Final = "endpoints {}"


@dataclass(frozen=True, slots=True)
class Way:
    """One directory of a deployed stack; `name` says how the simulator is told to providers.

    `runs` is how often what takes seconds is timed: less often where the peer is slowest.
    """

    name: str
    directory: Path
    runs: int
    environment: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Ground:
    """A deployed stack with its own simulator, and a folder for caches."""

    stack: str
    resources: int
    deployed: Deployed
    ways: tuple[Way, ...]
    folder: Path

    @property
    def endpoint(self) -> str:
        """Where the simulated cloud listens."""
        return self.deployed.simulator_endpoint

    @property
    def executable(self) -> Path:
        """The stock tool."""
        return self.deployed.executable


@contextmanager
def ground(stack: str, tool: Executable) -> Iterator[Ground]:
    """Deploy `stack` on a simulator of its own; everything is gone afterwards."""
    with running_simulator() as simulator, TemporaryDirectory(prefix="trueup-bench-") as name:
        folder = Path(name)
        deployed = deploy(
            stack,
            folder,
            simulator_endpoint=simulator.endpoint,
            executable=tool.path,
            hashes=True,
        )
        yield Ground(
            stack=stack,
            resources=_resources(deployed.state_file),
            deployed=deployed,
            ways=(
                Way(BY_ENVIRONMENT, deployed.directory, 3, deployed.environment),
                Way(BY_BLOCK, _with_block(deployed), 2, deployed.environment),
            ),
            folder=folder,
        )


def _resources(state_file: Path) -> int:
    recorded = json.loads(state_file.read_text(encoding="utf-8"))["resources"]
    return sum(len(one["instances"]) for one in recorded if one["mode"] == "managed")


def _with_block(deployed: Deployed) -> Path:
    target = deployed.directory.with_name(f"{deployed.stack}-block")
    shutil.copytree(deployed.directory, target, symlinks=True)
    write_provider_file(deployed.stack, target, endpoint=deployed.simulator_endpoint)
    return target
