"""What there is to work with: programs, mirrors, plugins of each stack, credential sources.

Beside `bootstrap` the only module that knows a concrete adapter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.terraform.executable import TERRAFORM, TOFU, locate, uses_tofu
from iac_adapters.terraform.installed import installed_providers, locked_versions
from reconciler.domain.errors import PermanentError
from reconciler.environment_file import read_environment_file
from reconciler.mirrors import provider_mirrors
from reconciler.settings import StackSettings
from reconciler.tools import Tool, survey_programs

_COSTS: Final = {
    TERRAFORM: "Terraform stacks need tofu instead",
    TOFU: "OpenTofu stacks can be neither read nor corrected",
}
_NEITHER: Final = "no Terraform or OpenTofu stack can be read or corrected"


@dataclass(frozen=True, slots=True)
class CredentialSource:
    """A place where a provider looks for credentials; its content is never read."""

    provider: str
    name: str
    found: bool


_VARIABLES: Final = {
    "aws": ("AWS_ACCESS_KEY_ID", "AWS_PROFILE", "AWS_WEB_IDENTITY_TOKEN_FILE"),
    "azure": ("ARM_CLIENT_ID", "ARM_USE_OIDC", "ARM_USE_MSI"),
    "google": ("GOOGLE_APPLICATION_CREDENTIALS", "GOOGLE_CREDENTIALS"),
    "pulumi": ("PULUMI_ACCESS_TOKEN", "PULUMI_CONFIG_PASSPHRASE", "PULUMI_CONFIG_PASSPHRASE_FILE"),
}
_FILES: Final = {
    "aws": (".aws/credentials", ".aws/config"),
    "azure": (".azure/azureProfile.json",),
    "google": (".config/gcloud/application_default_credentials.json",),
    "pulumi": (".pulumi/credentials.json",),
}


def survey_tools(
    stacks: Iterable[StackSettings], environment: Mapping[str, str]
) -> tuple[Tool, ...]:
    """Return every external program, provider mirror and provider plugin, found or not."""
    tools = [*_infrastructure_tools(environment), *survey_programs(environment)]
    tools += _mirrors(environment)
    for stack in stacks:
        tools += _plugins(stack, environment)
    return tuple(tools)


def survey_credentials(
    stacks: Iterable[StackSettings], environment: Mapping[str, str]
) -> tuple[CredentialSource, ...]:
    """Return where each provider may find credentials: names only, never values."""
    home = Path(environment.get("HOME", "/"))
    given = {f"${name}": bool(value) for name, value in environment.items()}
    for stack in stacks:
        given |= {f"${name}": True for name in _provided(stack)}
    sources = []
    for provider, names in _VARIABLES.items():
        sources += [CredentialSource(provider, f"${n}", given.get(f"${n}", False)) for n in names]
        files = _FILES[provider]
        sources += [CredentialSource(provider, f"~/{f}", (home / f).is_file()) for f in files]
    return tuple(sources)


def _infrastructure_tools(environment: Mapping[str, str]) -> list[Tool]:
    tools = [_infrastructure_tool(name, environment) for name in (TERRAFORM, TOFU)]
    if any(tool.found for tool in tools):
        return tools
    return [
        Tool(t.name, t.path, t.version, f"{(t.lack or '').split(':')[0]}: {_NEITHER}")
        for t in tools
    ]


def _infrastructure_tool(name: str, environment: Mapping[str, str]) -> Tool:
    try:
        found = locate(name, environment)
    except PermanentError as error:
        return Tool(name, None, None, str(error))
    if found is None:
        return Tool(name, None, None, f"not found: {_COSTS[name]}")
    return Tool(name, found.path, found.version)


def _mirrors(environment: Mapping[str, str]) -> list[Tool]:
    found = provider_mirrors(environment)
    if not found:
        lack = "not found: `terraform init` downloads providers from their registry"
        return [Tool("provider mirror", None, None, lack)]
    return [Tool("provider mirror", path, None) for path in found]


def _plugins(stack: StackSettings, environment: Mapping[str, str]) -> list[Tool]:
    """Return one entry per provider a stack has locked; a Pulumi project has none here."""
    directory = stack.directory
    if any((directory / name).is_file() for name in ("Pulumi.yaml", "Pulumi.yml")):
        return []
    data_dir = directory / environment.get("TF_DATA_DIR", ".terraform")
    try:
        installed = installed_providers(directory, data_dir=data_dir)
    except PermanentError as error:
        locked = sorted(locked_versions(directory / ".terraform.lock.hcl"))
        missing = [source for source in locked if f" {source} " in str(error)] or locked
        return [Tool(f"{stack.name}: {source}", None, None, str(error)) for source in missing]
    if installed or data_dir.is_dir():
        return [Tool(f"{stack.name}: {one.source}", one.binary, one.version) for one in installed]
    name = TOFU if uses_tofu(directory) else TERRAFORM
    lack = f"not initialised: it cannot be scanned until `{name} init` has run in it"
    return [Tool(f"{stack.name}: providers", None, None, lack)]


def _provided(stack: StackSettings) -> tuple[str, ...]:
    return tuple(read_environment_file(stack.env_file)) if stack.env_file else ()
