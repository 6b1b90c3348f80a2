"""A Pulumi stack of bridged AWS resources that count and stamp what is done to them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iac_adapters.pulumi.programs import BRIDGE
from tests.simulator import aws_environment, running_simulator
from tests.worlds.pulumi.project import PulumiProject
from tests.worlds.pulumi.shop import BRIDGE_VERSION
from tests.worlds.pulumi.tools import PulumiTools

Resources = Mapping[str, tuple[str, Mapping[str, Any]]]
COUNTERS: Final[Resources] = {
    "worker": ("launchTemplate", {"name": "counters-worker", "instanceType": "t3.micro"}),
    "mode": ("ssmParameter", {"name": "/counters/mode", "type": "String", "value": "on"}),
}
"""An update of each gives `latestVersion` and `version` another value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counters(PulumiProject):
    """The stack; `endpoint` is its simulated cloud's."""

    name: str = "counters"
    endpoint: str

    def write(self, resources: Resources) -> None:
        """Make `resources` all that the program asks for; nothing is brought about."""
        (self.directory / "resources.json").write_text(json.dumps(resources, indent=1))

    def client(self, service: str) -> Any:
        """Return somebody's client of the cloud."""
        import boto3  # noqa: PLC0415 - half a second, and only tests of this stack need it

        return boto3.client(  # type: ignore[call-overload]
            service,
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


@contextmanager
def counting(folder: Path, *, tools: PulumiTools, provider: Path) -> Iterator[Counters]:
    """Bring the stack up below `folder` on a cloud of its own, for as long as the block."""
    with running_simulator() as cloud:
        stack = Counters(
            folder=folder,
            program=tools.cli,
            extra=aws_environment(cloud.endpoint),
            endpoint=cloud.endpoint,
        ).found()
        link = folder / "terraform-provider-aws"  # the bridge takes a provider's name from it
        link.symlink_to(provider)
        plugins = folder / "home" / "plugins" / f"resource-{BRIDGE}-v{BRIDGE_VERSION}"
        plugins.mkdir(parents=True)
        (plugins / tools.bridge.name).symlink_to(tools.bridge)
        stack.write(COUNTERS)
        stack.run("stack", "init")
        stack.run("config", "set", "provider", str(link))
        stack.up()
        yield stack
