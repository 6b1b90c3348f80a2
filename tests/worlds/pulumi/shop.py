"""Puts a shop of `stacks/` onto a simulated cloud with the real CLI and the real AWS provider."""

from __future__ import annotations

import base64
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from iac_adapters.pulumi.programs import BRIDGE
from tests.pulumi_world import PulumiStack, thing
from tests.simulator import aws_environment
from tests.worlds.pulumi.project import PROJECTS
from tests.worlds.pulumi.tools import PulumiTools
from tests.worlds.pulumi.world import PulumiWorld, deployed

YAML_SHOP: Final = "yaml_shop"
PYTHON_SHOP: Final = "python_shop"
SECRETS: Final = {"partnerToken": "CANARY-partner-token", "password": "CANARY-front-password"}
BRIDGE_VERSION: Final = "3.136.0"
STOCK: Final = (
    thing("shelf"),
    thing("rack"),
    thing("crate", provider="blind"),
    thing("drawer", ignored=["value", "labels.team"]),
    thing("safe", group="vault", labels={"team": "core", "key": "CANARY-label"}),
    thing("bare", secret=None, labels=None, rules=[], zones=[]),
    thing("sack", provider="blind", secret=None, labels=None, rules=[], zones=[]),
)
"""The things of the shop in Python."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shop(PulumiStack):
    """A shop that was brought up; `endpoint` is its simulated cloud's."""

    endpoint: str

    def world(self) -> PulumiWorld:
        """Return the world behind the stack, with the identities its state holds now."""
        return PulumiWorld(self.endpoint, self.state, self.cloud)


def deploy_pulumi(
    name: str, folder: Path, *, tools: PulumiTools, provider: Path, endpoint: str
) -> Shop:
    """Lay the shop's code below `folder` and bring it up, with a home and a backend of its own.

    Raises:
        CliFailedError: the CLI ended with an error.
    """
    # The shop in YAML tells its provider all it must know; the other's asks the environment.
    extra = {} if name == YAML_SHOP else aws_environment(endpoint)
    shop = Shop(folder=folder, program=tools.cli, name=name, extra=extra, endpoint=endpoint)
    shop.found()
    link = folder / "terraform-provider-aws"  # the bridge takes a provider's name from its file's
    link.symlink_to(provider)
    shop.run("stack", "init")
    _install(shop, tools)
    if name == YAML_SHOP:
        _package(shop.directory, link)
        settings = {"settings": str(_cloud_file(folder, endpoint))}
    else:
        shutil.copy(PROJECTS / "things" / "__main__.py", shop.directory / "keeping.py")
        shop.write(*STOCK)
        settings = {"provider": str(link), "foreign": _foreign_topic(shop)}
    secret = "partnerToken" if name == YAML_SHOP else "password"
    shop.run("config", "set", "--secret", secret, SECRETS[secret])
    for key, value in settings.items():
        shop.run("config", "set", key, value)
    shop.up()
    if shop.cloud.exists():
        shutil.copy(shop.cloud, deployed(shop.cloud))
    return shop


def deploy_yaml(
    name: str, folder: Path, *, tools: PulumiTools, provider: Path, endpoint: str
) -> Shop:
    """Bring up a stack in YAML that has no settings and asks the environment for its cloud.

    Raises:
        CliFailedError: the CLI ended with an error.
    """
    extra = aws_environment(endpoint)
    shop = Shop(folder=folder, program=tools.cli, name=name, extra=extra, endpoint=endpoint)
    shop.found()
    link = folder / "terraform-provider-aws"
    link.symlink_to(provider)
    shop.run("stack", "init")
    _install(shop, tools)
    _package(shop.directory, link)
    shop.up()
    return shop


def _foreign_topic(shop: Shop) -> str:
    """Make what the shop in Python only looks up, and return its id."""
    settings = {"Name": "foreign", "Attributes": {"DisplayName": "Foreign"}}
    return str(shop.world().client("sns").create_topic(**settings)["TopicArn"])


def _install(shop: Shop, tools: PulumiTools) -> None:
    """Put the bridge where the CLI keeps its plugins; found elsewhere it is a warning each time."""
    folder = shop.folder / "home" / "plugins" / f"resource-{BRIDGE}-v{BRIDGE_VERSION}"
    folder.mkdir(parents=True)
    (folder / tools.bridge.name).symlink_to(tools.bridge)


def _cloud_file(folder: Path, endpoint: str) -> Path:
    """Write where the cloud is as AWS's own tools read it."""
    file = folder / "aws.ini"
    file.write_text(f"[default]\nendpoint_url = {endpoint}\n")
    return file


def _package(directory: Path, provider: Path) -> None:
    """Declare the provider as a package, as `pulumi package add` does in 36 seconds."""
    file = directory / "Pulumi.yaml"
    file.write_text(file.read_text().replace("[PROVIDER]", json.dumps([str(provider)])))
    parameter: dict[str, Any] = {"local": {"path": str(provider)}}
    value = base64.b64encode(json.dumps(parameter).encode()).decode()
    declared = directory / "sdks" / "aws" / "aws-0.0.0.yaml"
    declared.parent.mkdir(parents=True)
    declared.write_text(
        f"packageDeclarationVersion: 1\nname: {BRIDGE}\nversion: {BRIDGE_VERSION}\n"
        f"parameterization:\n    name: aws\n    version: 0.0.0\n    value: {value}\n"
    )
