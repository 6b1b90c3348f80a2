"""The same points with the real terraform: `python -m tests.crashes.real FOLDER [POINT...]`.

The cloud is the test provider's file, or with `--aws` the simulated AWS. One correction is ended
at each POINT, or at every point that it passes, and taken up again; prints one JSON line for each.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from iac_adapters.terraform.adapter import TerraformAdapter
from iac_adapters.terraform.executable import locate
from reconciler.domain.model import ResourceAddress, Snapshot
from reconciler.domain.plan import Plan
from reconciler.engine.service import Service
from reconciler.ports import AdapterSetup, StackReference
from tests.crashes.__main__ import KEY, SHOP, Life, lived, registered
from tests.crashes.points import PointedStore, Points
from tests.e2e.shop import Shop
from tests.simulator import running_simulator
from tests.world_stack import WorldStack, copied, initialised
from tests.worlds.deploy import deploy

_CODE: Final = """
resource "world_thing" "web" {
  name   = "web"
  labels = { team = "web" }
}
"""


@dataclass(frozen=True, slots=True)
class Place:
    """One stack in its cloud: what drifts it, whether it is right, and where calls are noted."""

    directory: Path
    environment: Mapping[str, str]
    cache: Path
    drift: Callable[[], None]
    is_right: Callable[[], bool]
    calls: Path

    @property
    def applies(self) -> int:
        return self.calls.read_text().split().count("apply") if self.calls.exists() else 0


class PointedTerraform(TerraformAdapter):
    """The real adapter, with the point at which its plan is saved."""

    def __init__(self, setup: AdapterSetup, points: Points) -> None:
        super().__init__(setup)
        self._points = points

    async def plan(
        self, snapshot: Snapshot, addresses: Collection[ResourceAddress], **more: Any
    ) -> Plan:
        plan = await super().plan(snapshot, addresses, **more)
        self._points.passing("after", "plan is saved")
        return plan


class RealLife(Life):
    """One daemon's life over a stack of the real tool."""

    place: Place

    def registration(self) -> Any:
        return registered(self.place.directory, tool="terraform")

    def amiss(self) -> list[str]:
        wrong = [] if self.place.is_right() else ["the drift is there"]
        return wrong if self.place.applies == 1 else [*wrong, f"{self.place.applies} applies"]

    async def close(self) -> None:
        await self._adapter.close()

    def _service(self, store: PointedStore) -> Service:
        setup = AdapterSetup(data_dir=self.folder, cache_dir=self.place.cache, key=KEY)
        self._adapter = PointedTerraform(setup, self.points)
        reference = StackReference(
            SHOP, self.place.directory, "terraform", environment=self.place.environment
        )
        return replace(
            super()._service(store),
            adapter_of=lambda _stack: self._adapter,
            reference_of=lambda _stack: reference,
        )


def trial(root: Path, place: Place, name: str, point: str | None) -> dict[str, Any]:
    """Return what came of one correction, with a first life that ends at `point`, if any."""
    folder = root / name
    folder.mkdir(mode=0o700)
    place.calls.unlink(missing_ok=True)
    place.drift()
    kind = type("RealLife", (RealLife,), {"place": place})
    status, said = lived(folder, kind, fatal=point, first=True)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    if point is not None:
        status, said = lived(folder, kind, fatal=None, first=False)
    wrong = said["wrong"] if status == 0 and said else [f"a life ended with {status}"]
    passed = said["passed"] if said else []
    return {"point": point, "killed": killed, "wrong": wrong, "passed": passed}


@contextmanager
def world_place(folder: Path) -> Iterator[Place]:
    """Give an applied stack of the test provider."""
    tool = locate("terraform", os.environ)
    assert tool is not None, "terraform is missing"
    stack = copied(initialised(tool, folder / "template"), folder / "stack", tool)
    stack.apply(_CODE)
    calls = stack.program.with_suffix(".calls")
    yield Place(stack.directory, stack.environment, stack.cache, lambda: _relabel(stack),
                lambda: _team(stack) == "web", calls)  # fmt: skip


@contextmanager
def aws_place(folder: Path) -> Iterator[Place]:
    """Give an applied stack on the simulated AWS; its drift opens port 22 of a group."""
    tool = locate("terraform", os.environ)
    assert tool is not None, "terraform is missing"
    program, calls = folder / "noting-terraform", folder / "noting-terraform.calls"
    program.write_text(f'#!/bin/sh\necho "$1" >> {calls}\nexec {tool.path} "$@"\n')
    program.chmod(0o755)
    with running_simulator() as cloud:
        deployed = deploy("small5", folder, simulator_endpoint=cloud.endpoint, executable=tool.path)
        shop = Shop(deployed, folder, folder / "cache")
        environment = {**deployed.environment, "TRUEUP_TERRAFORM": str(program)}
        yield Place(deployed.directory, environment, folder / "cache", shop.open_to_the_world,
                    lambda: shop.open_ports == {443}, calls)  # fmt: skip


def _relabel(stack: WorldStack) -> None:
    with stack.changed() as things:
        things["web"]["labels"] = {"team": "other"}


def _team(stack: WorldStack) -> str:
    with stack.changed() as things:
        team: str = things["web"]["labels"]["team"]
        return team


PLACES: Final[Mapping[bool, Callable[[Path], AbstractContextManager[Place]]]] = {
    False: world_place,
    True: aws_place,
}


def main(arguments: Sequence[str]) -> int:
    """Print what came of each point; 0 when nothing is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.crashes.real")
    parser.add_argument("folder", type=Path)
    parser.add_argument("points", nargs="*")
    parser.add_argument("--aws", action="store_true", help="on the simulated AWS")
    asked = parser.parse_args(arguments)
    asked.folder.mkdir(exist_ok=True)
    broken = 0
    with PLACES[asked.aws](asked.folder) as place:
        points = asked.points
        if not points:
            whole = trial(asked.folder, place, "whole", None)
            points = list(dict.fromkeys(whole["passed"]))
        for number, point in enumerate(points):
            name = f"life-{number}"
            result = trial(asked.folder, place, name, point)
            shutil.rmtree(asked.folder / name)
            broken += bool(result["wrong"]) or not result["killed"]
            said = {key: result[key] for key in ("point", "killed", "wrong")}
            print(json.dumps(said), flush=True)
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
