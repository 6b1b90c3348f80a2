"""What the selected profile of AWS's shared files says of region, role, account and endpoint.

A region that stands in `~/.aws/config` alone is in no variable: after an edit of that file a
provider looks elsewhere, and one recorded object that is missing there would be made again.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html; a profile that a
provider's own configuration names outranks the keys of the environment:
https://registry.terraform.io/providers/hashicorp/aws/latest/docs (authentication).
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from iac_adapters.provider_identity import AWS_PROFILE, digest_of
from iac_adapters.read_files import ReadFiles

_KEY: Final = "AWS_ACCESS_KEY_ID"
_MEANS: Final = {
    "region": "AWS_REGION",
    "role_arn": "AWS_ROLE_ARN",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "aws_access_key_id": _KEY,
}
"""Settings of a profile, by the variable that outranks each."""
_OTHER_NAMES: Final = {"AWS_REGION": "AWS_DEFAULT_REGION"}
_NAMED_SECTIONS: Final = ("sso-session", "services")


@dataclass(frozen=True, slots=True, repr=False)
class Profile:
    """One profile of both files. `chosen` says that the provider's configuration names it."""

    settings: Mapping[str, str] = field(default_factory=dict)
    sections: Mapping[str, str] = field(default_factory=dict)
    chosen: bool = False

    def over(self, environment: Mapping[str, str]) -> Mapping[str, str]:
        """Return `environment` with what the profile says where no variable does."""
        if self.chosen:
            environment = {name: value for name, value in environment.items() if name != _KEY}
        meant = {
            variable: self.settings[setting]
            for setting, variable in _MEANS.items()
            if self.settings.get(setting) and not _is_set(environment, variable)
        }
        return {**environment, **meant} if meant else environment

    def identity(self) -> Mapping[str, str]:
        """Return what leads elsewhere and has no variable; commands and endpoints as digests."""
        account = self.settings.get("sso_account_id")
        found = {f"sso_account_id{AWS_PROFILE}": account} if account else {}
        command = self.settings.get("credential_process")
        if command:
            found[f"credential_process{AWS_PROFILE}"] = digest_of(command)
        return {
            **found,
            **{f"{n}{AWS_PROFILE}": digest_of(text) for n, text in self.sections.items()},
        }


def profile_of(
    environment: Mapping[str, str],
    files: ReadFiles,
    *,
    named: str = "",
    config: Sequence[str] = (),
    credentials: Sequence[str] = (),
) -> Profile:
    """Return the profile that `named` says, or the environment; of the files given, or the usual.

    A file that is not there, or that the SDK could not read either, says nothing.
    """
    name = named or environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE")
    name = name or "default"
    config = config or [environment.get("AWS_CONFIG_FILE") or "~/.aws/config"]
    credentials = credentials or [
        environment.get("AWS_SHARED_CREDENTIALS_FILE") or "~/.aws/credentials"
    ]
    configured = [_parsed(files.text(file)) for file in config]
    settings: dict[str, str] = {}
    for parser in configured:
        settings |= _section(parser, name if name == "default" else f"profile {name}")
    for file in credentials:
        settings |= _section(_parsed(files.text(file)), name)
    sections = {
        kind: repr(sorted(section.items()))
        for kind in _NAMED_SECTIONS
        for parser in configured
        if (section := _section(parser, f"{kind} {settings.get(kind.replace('-', '_'), '')}"))
    }
    return Profile(settings, sections, chosen=bool(named))


def _is_set(environment: Mapping[str, str], variable: str) -> bool:
    other = _OTHER_NAMES.get(variable, variable)
    return bool(environment.get(variable) or environment.get(other))


def _parsed(text: str) -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(text)
    except configparser.Error:
        parser.clear()
    return parser


def _section(parser: configparser.RawConfigParser, name: str) -> Mapping[str, str]:
    return dict(parser[name]) if parser.has_section(name) else {}
