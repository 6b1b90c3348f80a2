"""A deployed Pulumi stack seen from behind its back: AWS clients, and the file of things."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iac_adapters.pulumi.children.spelling import as_terraform
from reconciler.domain.spelling import canonical_type
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


class NamedAsTerraform(World):
    """The same by Terraform's names: `Attribute("aws_vpc.net", "cidr_block")`."""

    def __init__(self, endpoint: str, state_file: Path) -> None:
        self._endpoint = endpoint
        self._clients = {}
        resources = json.loads(state_file.read_text())["checkpoint"]["latest"]["resources"]
        self._attributes = {
            address_of(one["urn"]): {**as_terraform(one.get("outputs", {})), "id": one.get("id")}
            for one in resources
        }


def address_of(urn: str) -> str:
    """Return what Terraform would call the resource: `aws_vpc.net`, or below that a child."""
    token, name = urn.rsplit("::", maxsplit=2)[-2:]
    return f"{canonical_type(token.rpartition('$')[2])}.{name}"


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
