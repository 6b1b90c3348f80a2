"""Stacks of the stranger's tool `json_world`, each with the file that is its cloud."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.strangers.installed import install

DECLARED: Final = {"web-1": {"size": 1}, "web-2": {"size": 2}, "db-1": {"size": 3}}
DRIFT: Final = {**DECLARED, "web-1": {"size": 9}}


@dataclass(frozen=True, slots=True)
class JsonWorld:
    """A stack of that tool, and the file that is its cloud."""

    directory: Path

    @classmethod
    def made(cls, directory: Path) -> JsonWorld:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / "world.json").write_text(json.dumps({"things": DECLARED}))
        world = cls(directory)
        world.put(DECLARED)
        return world

    @property
    def cloud(self) -> Path:
        return self.directory / "cloud.json"

    @property
    def things(self) -> dict[str, Any]:
        return dict(json.loads(self.cloud.read_text())["things"])

    def put(self, things: dict[str, Any]) -> None:
        partial = self.cloud.with_suffix(".new")
        partial.write_text(json.dumps({"things": things}))
        partial.replace(self.cloud)


def install_worlds(site: Path) -> Path:
    """Install the tool into the folder `site`, to be named by PYTHONPATH; return it."""
    return install("json_world", site, tool="world", factory="factory:WorldFactory")
