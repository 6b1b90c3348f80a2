"""A deployed stack seen from behind its back: clients of the simulator, ids from the state."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import boto3

from tests.worlds.provider_file import DEFAULT_REGION

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True)
class Attribute:
    """Stands for an attribute of a resource in the state until the world is known."""

    address: str
    name: str = "id"


class World:
    """Resolves addresses through the state and hands out one client per service and region."""

    def __init__(self, endpoint: str, state_file: Path) -> None:
        self._endpoint = endpoint
        self._clients: dict[tuple[str, str], Any] = {}
        self._attributes = _attributes_by_address(json.loads(state_file.read_text()))

    def client(self, service: str, region: str = DEFAULT_REGION) -> Any:
        """Return a boto3 client of the simulator."""
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = boto3.client(  # type: ignore[call-overload]
                service,
                region_name=region,
                endpoint_url=self._endpoint,
                aws_access_key_id="test",
                aws_secret_access_key="test",
            )
        return self._clients[key]

    def resolve(self, value: Any) -> Any:
        """Put the recorded attributes in the places held by `Attribute`."""
        if isinstance(value, Attribute):
            return self._attributes[value.address][value.name]
        if isinstance(value, dict):
            return {key: self.resolve(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.resolve(item) for item in value]
        return value


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as boto3 names it; parameters may hold `Attribute`."""

    service: str
    method: str
    parameters: dict[str, Any] = field(default_factory=dict)
    region: str = DEFAULT_REGION

    def send(self, world: World) -> None:
        """Make the call at the world's simulator."""
        client = world.client(self.service, self.region)
        getattr(client, self.method)(**world.resolve(self.parameters))


def _attributes_by_address(state: dict[str, Any]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for resource in state["resources"]:
        if resource["mode"] != "managed":
            continue
        module = f"{resource['module']}." if "module" in resource else ""
        for instance in resource["instances"]:
            key = instance.get("index_key")
            index = "" if key is None else f"[{json.dumps(key)}]"
            address = f"{module}{resource['type']}.{resource['name']}{index}"
            found[address] = instance["attributes"]
    return found
