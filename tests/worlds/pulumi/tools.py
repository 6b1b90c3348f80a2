"""Pulumi's programs as tests use them: found once, whatever a test makes of its environment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from iac_adapters.pulumi.programs import BRIDGE, PYTHON_HOST, find_beside, find_plugin, find_pulumi
from reconciler.mirrors import provider_mirrors

_AWS = "registry.terraform.io/hashicorp/aws/*/*/terraform-provider-aws*"


@dataclass(frozen=True, slots=True)
class PulumiTools:
    """The CLI, with hosts for Python and YAML beside it, and the bridge to Terraform providers."""

    cli: Path
    bridge: Path


def find_tools(environment: Mapping[str, str]) -> PulumiTools | None:
    """Return the tools; None when one of them is missing."""
    cli = find_pulumi(environment)
    bridge = find_plugin(BRIDGE, None, environment)
    hosts = (PYTHON_HOST, "pulumi-language-yaml", "pulumi-resource-pulumi-python")
    if cli is None or bridge is None:
        return None
    if any(find_beside(host, environment) is None for host in hosts):
        return None
    return PulumiTools(cli, bridge)


def find_aws_provider() -> Path | None:
    """Return the real AWS provider of an offline mirror; None where there is none."""
    mirrors = provider_mirrors(os.environ)
    return next((found for mirror in mirrors for found in sorted(mirror.glob(_AWS))), None)
