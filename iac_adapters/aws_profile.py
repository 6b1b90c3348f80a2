"""What the selected profile of AWS's shared files says of region, role, account and endpoint.

A region that stands in `~/.aws/config` alone is in no variable: after an edit of that file a
provider looks elsewhere, and one recorded object that is missing there would be made again.

Source: https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html. A profile that the
provider's own block names, and its `shared_config_files`, are not looked into.
"""

from __future__ import annotations

import configparser
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_text

_LARGEST_BYTES: Final = 1 << 20
_MEANS: Final = {
    "region": "AWS_REGION",
    "role_arn": "AWS_ROLE_ARN",
    "endpoint_url": "AWS_ENDPOINT_URL",
    "aws_access_key_id": "AWS_ACCESS_KEY_ID",
}
"""Settings of a profile, by the variable that outranks each."""
_OTHER_NAMES: Final = {"AWS_REGION": "AWS_DEFAULT_REGION"}


def with_profile(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return `environment` with what the profile says where no variable does.

    A file that is not there, or that the SDK could not read either, says nothing.
    """
    profile = environment.get("AWS_PROFILE") or environment.get("AWS_DEFAULT_PROFILE") or "default"
    home = environment.get("HOME", "")
    config = _section(
        environment.get("AWS_CONFIG_FILE") or f"{home}/.aws/config",
        profile if profile == "default" else f"profile {profile}",
    )
    credentials = _section(
        environment.get("AWS_SHARED_CREDENTIALS_FILE") or f"{home}/.aws/credentials", profile
    )
    told = {**config, **credentials}
    meant = {
        variable: told[setting]
        for setting, variable in _MEANS.items()
        if told.get(setting) and not _is_set(environment, variable)
    }
    return {**environment, **meant} if meant else environment


def _is_set(environment: Mapping[str, str], variable: str) -> bool:
    other = _OTHER_NAMES.get(variable, variable)
    return bool(environment.get(variable) or environment.get(other))


def _section(file: str, name: str) -> Mapping[str, str]:
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        parser.read_string(read_text(Path(file).expanduser(), most=_LARGEST_BYTES))
    except (OSError, RuntimeError, UnicodeDecodeError, configparser.Error):
        return {}
    return dict(parser[name]) if parser.has_section(name) else {}
