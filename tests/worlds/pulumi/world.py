"""A deployed Pulumi stack seen from behind its back: AWS clients, and the file of things."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.providers.world_provider import World as Things
from tests.worlds.world import World


class PulumiWorld(World):
    """Hands out clients; `Attribute(NAME, OUTPUT)` stands for an output of the resource NAME."""

    def __init__(self, endpoint: str, state_file: Path, things: Path) -> None:
        self._endpoint = endpoint
        self._clients = {}
        self._attributes = _outputs_by_name(json.loads(state_file.read_text()))
        self.things = Things(things)
        self.deployed = Things(deployed(things)).read()


def deployed(things: Path) -> Path:
    """Return where the file of things is kept as it was when the stack was brought up."""
    return things.with_suffix(".deployed")


def _outputs_by_name(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    resources = (state["checkpoint"].get("latest") or {}).get("resources") or ()
    return {
        resource["urn"].rpartition("::")[2]: {
            **resource.get("outputs", {}),
            "id": resource.get("id"),
        }
        for resource in resources
    }
