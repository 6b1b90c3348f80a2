"""The Pulumi half of the stage: two projects of `stacks/`, deployed by the real CLI."""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3

from demo.commands import Ran, run
from demo.narration import StepError
from demo.stage import Stage
from iac_adapters.pulumi.programs import BRIDGE, checked_pulumi, find_plugin, tool_environment
from reconciler.mirrors import provider_mirrors
from tests.simulator import copy_stack

PROJECTS: Final = Path(__file__).parent.parent / "stacks"
COURIER: Final = "courier"
NOTICES: Final = "notices"
REGION: Final = "eu-west-1"
STACK: Final = "demo"
_BRIDGE_VERSION: Final = "3.136.0"
_AWS: Final = "registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"


@dataclass(frozen=True, slots=True)
class PulumiStage:
    """Where the two projects are and how the CLI reaches them. `secrets` must never be seen."""

    stage: Stage
    cli: Path
    version: str
    environment: Mapping[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)

    @property
    def table(self) -> Path:
        """The file on this machine that the courier's dispatch table is."""
        return self.stage.own_folder / "dispatch.json"

    def directory(self, project: str) -> Path:
        """Return where a project lies."""
        return self.stage.own_folder / project

    def pulumi(self, project: str, *arguments: str, may_end: tuple[int, ...] = (0,)) -> Ran:
        """Run the CLI in a project's directory.

        Raises:
            StepError: it ended with another code; the message holds its last words.
        """
        ran = run(
            (self.cli, *arguments, "--non-interactive"),
            directory=self.directory(project),
            environment=self.environment,
        )
        if ran.exit_code not in may_end:
            words = f"{ran.stdout}\n{ran.stderr}".strip()[-1500:]
            raise StepError(f"pulumi {arguments[0]} ended {ran.exit_code} in {project}:\n{words}")
        return ran

    def client(self, service: str) -> Any:
        """Return a client of the simulated cloud, for what is done behind Pulumi's back."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=REGION,
            endpoint_url=self.stage.simulator.endpoint,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - of no account
        )


def set_pulumi_stage(stage: Stage) -> PulumiStage:
    """Return the stage with both projects' code in folders of the demo's own.

    Raises:
        ReconcilerError: there is no CLI.
        StepError: there is no bridge, or no offline AWS provider for it.
    """
    cli = checked_pulumi(os.environ)
    bridge = find_plugin(BRIDGE, _BRIDGE_VERSION, os.environ)
    if bridge is None:
        raise StepError("the Terraform bridge is not here; `make setup TOOLS=demo` builds it")
    (stage.own_folder / "pulumi-state").mkdir()
    own = {
        "TRUEUP_PULUMI": str(cli.path),
        "PULUMI_HOME": str(stage.own_folder / "pulumi-home"),
        "PULUMI_BACKEND_URL": f"file://{stage.own_folder}/pulumi-state",
        "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
    }
    stage.environment.update(own)
    names = ("partner", "sender", "stolen")
    made = PulumiStage(
        stage=stage,
        cli=cli.path,
        version=cli.version,
        environment=tool_environment(stage.environment),
        secrets=tuple(f"{name}-{secrets.token_hex(8)}" for name in names),
    )
    for project in (COURIER, NOTICES):
        copy_stack(PROJECTS / project, made.directory(project))
    _offer_provider(made, bridge)
    return made


def _offer_provider(made: PulumiStage, bridge: Path) -> None:
    """Let both projects use the provider of the offline mirror, where there is one."""
    made.pulumi(
        COURIER, "plugin", "install", "resource", BRIDGE, _BRIDGE_VERSION, "--file", str(bridge)
    )
    found = (path for mirror in provider_mirrors(os.environ) for path in mirror.glob(_AWS))
    provider = next(found, None)
    if provider is None:
        return  # the bridge fetches it, as it does for everybody
    link = made.stage.own_folder / "terraform-provider-aws"
    link.symlink_to(provider)
    parameter = base64.b64encode(json.dumps({"local": {"path": str(link)}}).encode()).decode()
    folder = made.directory(NOTICES) / "sdks" / "aws"
    for declared in folder.glob("*.yaml"):
        declared.unlink()
    (folder / "aws-0.0.0.yaml").write_text(
        f"packageDeclarationVersion: 1\nname: {BRIDGE}\nversion: {_BRIDGE_VERSION}\n"
        f"parameterization:\n  name: aws\n  version: 0.0.0\n  value: {parameter}\n",
        encoding="utf-8",
    )
    program = made.directory(NOTICES) / "Pulumi.yaml"
    code = program.read_text(encoding="utf-8")
    program.write_text(
        code.replace("parameters: [hashicorp/aws, 5.100.0]", f"parameters: [{link}]"),
        encoding="utf-8",
    )


def provider_path(made: PulumiStage) -> str:
    """Return the path of the provider that was offered; empty where none was."""
    link = made.stage.own_folder / "terraform-provider-aws"
    return str(link) if link.exists() else ""
