"""Which project, region and account the active configuration of `gcloud` selects.

Source: https://cloud.google.com/sdk/docs/configurations,
https://cloud.google.com/docs/authentication/application-default-credentials.
"""

from __future__ import annotations

import configparser
import json
from collections.abc import Mapping
from typing import Final

from iac_adapters.provider_identity import GCLOUD, GOOGLE_FILE
from iac_adapters.read_files import ReadFiles

_PROPERTIES: Final = (
    ("core", "project"),
    ("core", "account"),
    ("compute", "region"),
    ("compute", "zone"),
)
_OF_CREDENTIALS: Final = ("project_id", "quota_project_id")


def selected_of(
    environment: Mapping[str, str], files: ReadFiles, *, credentials: str = ""
) -> Mapping[str, str]:
    """Return what the active configuration and the file of credentials say of a place."""
    folder = environment.get("CLOUDSDK_CONFIG") or "~/.config/gcloud"
    name = environment.get("CLOUDSDK_ACTIVE_CONFIG_NAME") or files.text(f"{folder}/active_config")
    parser = configparser.RawConfigParser(strict=False, default_section="")
    try:
        name = name.strip() or "default"
        parser.read_string(files.text(f"{folder}/configurations/config_{name}"))
    except configparser.Error:
        parser.clear()
    settings = {
        f"{option}{GCLOUD}": parser.get(section, option)
        for section, option in _PROPERTIES
        if parser.has_option(section, option)
    }
    file = credentials or environment.get("GOOGLE_APPLICATION_CREDENTIALS")
    content = _json(files.text(file or f"{folder}/application_default_credentials.json"))
    projects = {
        f"{n}{GOOGLE_FILE}": v for n in _OF_CREDENTIALS if isinstance(v := content.get(n), str)
    }
    return {**settings, **projects}


def _json(text: str) -> Mapping[str, object]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}
