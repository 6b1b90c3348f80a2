"""What Terraform and OpenTofu stacks are worked with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from iac_adapters.terraform.executable import TERRAFORM, TOFU, locate, uses_tofu
from iac_adapters.terraform.installed import installed_providers, locked_versions
from iac_adapters.terraform.needs_init import needs_init
from reconciler.domain.errors import PermanentError
from reconciler.mirrors import provider_mirrors
from reconciler.settings import StackSettings
from reconciler.tools import Tool

_COSTS: Final = {
    TERRAFORM: "Terraform stacks need tofu instead",
    TOFU: "OpenTofu stacks can be neither read nor corrected",
}
_NEITHER: Final = "no Terraform or OpenTofu stack can be read or corrected"


def terraform_programs(environment: Mapping[str, str]) -> list[Tool]:
    """Return terraform and tofu, each found or not."""
    tools = [_program(name, environment) for name in (TERRAFORM, TOFU)]
    if any(tool.found for tool in tools):
        return tools
    return [
        Tool(t.name, t.path, t.version, f"{(t.lack or '').split(':')[0]}: {_NEITHER}")
        for t in tools
    ]


def mirrors(environment: Mapping[str, str]) -> list[Tool]:
    """Return the offline provider mirrors, or one entry that says there is none."""
    found = provider_mirrors(environment)
    if not found:
        lack = "not found: `terraform init` downloads providers from their registry"
        return [Tool("provider mirror", None, None, lack)]
    return [Tool("provider mirror", path, None) for path in found]


def stack_plugins(stack: StackSettings, environment: Mapping[str, str]) -> list[Tool]:
    """Return one entry per provider a stack has locked; one that says `init` is due."""
    directory = stack.directory
    data_dir = directory / environment.get("TF_DATA_DIR", ".terraform")
    name = TOFU if uses_tofu(directory) else TERRAFORM
    try:
        installed = installed_providers(directory, data_dir=data_dir, tool=name).required()
    except PermanentError as error:
        locked = sorted(locked_versions(directory / ".terraform.lock.hcl", tool=name))
        missing = [source for source in locked if f" {source} " in str(error)] or locked
        return [Tool(f"{stack.name}: {source}", None, None, str(error)) for source in missing]
    if installed or data_dir.is_dir():
        return [
            Tool(f"{stack.name}: {provider.source}", provider.binary, provider.version)
            for provider in installed
        ]
    if not needs_init(directory, tool=name):
        return []
    lack = f"not initialised: it cannot be scanned until `{name} init` has run in it"
    return [Tool(f"{stack.name}: providers", None, None, lack)]


def _program(name: str, environment: Mapping[str, str]) -> Tool:
    try:
        found = locate(name, environment)
    except PermanentError as error:
        return Tool(name, None, None, str(error))
    if found is None:
        return Tool(name, None, None, f"not found: {_COSTS[name]}")
    return Tool(name, found.path, found.version)
