"""The Pulumi half of the stage: a project of `stacks/`, deployed by the real CLI."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import boto3

from demo.commands import Ran, run
from demo.narration import StepError
from demo.stage import COURIER, Stage
from iac_adapters.pulumi.programs import BRIDGE, checked_pulumi, find_plugin, tool_environment
from reconciler.mirrors import provider_mirrors
from tests.simulator import copy_stack

PROJECTS: Final = Path(__file__).parent.parent / "stacks"
REGION: Final = "eu-west-1"
STACK: Final = "demo"
_BRIDGE_VERSION: Final = "3.136.0"
_PROVIDER: Final = "terraform-provider-aws"
_AWS: Final = "registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"


@dataclass(frozen=True, slots=True)
class PulumiStage:
    """Where the project is and how the CLI reaches it. `partner_key` must never be seen."""

    stage: Stage
    cli: Path
    bridge: Path
    version: str
    environment: Mapping[str, str] = field(repr=False)
    partner_key: str = field(repr=False)

    @property
    def table(self) -> Path:
        """The file on this machine that the courier's dispatch table is."""
        return self.stage.own_folder / "dispatch.json"

    @property
    def directory(self) -> Path:
        """Return where the project lies."""
        return self.stage.own_folder / COURIER

    def pulumi(
        self, *arguments: str, may_end: tuple[int, ...] = (0,), directory: Path | None = None
    ) -> Ran:
        """Run the CLI in `directory`, the courier's without one.

        Raises:
            StepError: it ended with another code; the message holds its last words.
        """
        ran = run(
            (self.cli, *arguments, "--non-interactive"),
            directory=directory or self.directory,
            environment=tool_environment(self.stage.environment),
        )
        if ran.exit_code not in may_end:
            words = f"{ran.stdout}\n{ran.stderr}".strip()[-1500:]
            raise StepError(f"pulumi {arguments[0]} ended {ran.exit_code}:\n{words}")
        return ran

    def offer_provider(self) -> None:
        """Let the project use the bridge, and the AWS provider of an offline mirror if any."""
        self.pulumi(
            "plugin", "install", "resource", BRIDGE, _BRIDGE_VERSION, "--file", str(self.bridge)
        )
        found = (path for mirror in provider_mirrors(os.environ) for path in mirror.glob(_AWS))
        # Without a mirror the bridge fetches it, as it does for everybody.
        if (provider := next(found, None)) is not None:
            (self.stage.own_folder / _PROVIDER).symlink_to(provider)

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
    """Return the stage with the project's code in a folder of the demo's own.

    Raises:
        ReconcilerError: there is no CLI.
        StepError: there is no bridge.
    """
    cli = checked_pulumi(os.environ)
    bridge = find_plugin(BRIDGE, _BRIDGE_VERSION, os.environ)
    if bridge is None:
        raise StepError("the Terraform bridge is not here; `make setup TOOLS=demo` builds it")
    (stage.own_folder / "pulumi-state").mkdir()
    stage.environment.update(
        {
            "TRUEUP_PULUMI": str(cli.path),
            "PULUMI_HOME": str(stage.own_folder / "pulumi-home"),
            "PULUMI_BACKEND_URL": f"file://{stage.own_folder}/pulumi-state",
            "PULUMI_CONFIG_PASSPHRASE": secrets.token_hex(16),
        }
    )
    made = PulumiStage(
        stage=stage,
        cli=cli.path,
        bridge=bridge,
        version=cli.version,
        environment=tool_environment(stage.environment),
        partner_key=f"partner-{secrets.token_hex(8)}",
    )
    copy_stack(PROJECTS / COURIER, made.directory)
    return made


def provider_path(made: PulumiStage) -> str:
    """Return the path of the provider that was offered; empty where none was."""
    link = made.stage.own_folder / _PROVIDER
    return str(link) if link.exists() else ""
