"""Where the providers may find credentials; their content is never read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.environment_file import read_environment_file
from reconciler.settings import StackSettings


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


def _provided(stack: StackSettings) -> tuple[str, ...]:
    return tuple(read_environment_file(stack.env_file)) if stack.env_file else ()
