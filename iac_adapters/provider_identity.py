"""Which account, region and endpoint an environment leads providers to. Pure.

A provider whose configuration stands nowhere but in the environment reads another world when
that changes, and finds nothing of what was recorded. Secrets are left out: new credentials for
the same account are no other identity.

Sources: https://docs.aws.amazon.com/sdkref/latest/guide/settings-reference.html,
https://registry.terraform.io/providers/hashicorp/{aws,azurerm,google,kubernetes}/latest/docs
(argument references), https://cloud.google.com/sdk/docs/properties.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final
from urllib.parse import urlsplit, urlunsplit

ACCOUNT: Final = "account of AWS_ACCESS_KEY_ID"
PROJECT: Final = "project_id in GOOGLE_CREDENTIALS"
# What is told of credentials: when one side has none, that is a change of their kind alone.
_OF_CREDENTIALS: Final = frozenset({ACCOUNT, PROJECT})
AWS_PROFILE: Final = " in the AWS profile"
KUBECONFIG: Final = " in the kubeconfig"
GCLOUD: Final = " in the gcloud configuration"
GOOGLE_FILE: Final = " in the file of Google credentials"
_OF_FILES: Final = (AWS_PROFILE, KUBECONFIG, GCLOUD, GOOGLE_FILE)
_DIGEST: Final = "sha256:"
_DIGEST_CHARACTERS: Final = 16

# Each row is one setting: the first variable that is set decides, and gives the name.
_SETTINGS: Final = (
    ("AWS_REGION", "AWS_DEFAULT_REGION"),
    ("AWS_PROFILE", "AWS_DEFAULT_PROFILE"),
    ("AWS_ROLE_ARN",),
    ("AWS_CONFIG_FILE",),
    ("AWS_SHARED_CREDENTIALS_FILE",),
    ("AWS_USE_FIPS_ENDPOINT",),
    ("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",),
    ("ARM_SUBSCRIPTION_ID", "AZURE_SUBSCRIPTION_ID"),
    ("ARM_TENANT_ID", "AZURE_TENANT_ID"),
    ("ARM_ENVIRONMENT", "AZURE_ENVIRONMENT"),
    ("ARM_LOCATION", "AZURE_LOCATION"),
    ("ARM_METADATA_HOSTNAME", "ARM_METADATA_HOST"),
    ("AZURE_CONFIG_DIR",),
    (
        "GOOGLE_PROJECT",
        "GOOGLE_CLOUD_PROJECT",
        "GCLOUD_PROJECT",
        "CLOUDSDK_CORE_PROJECT",
    ),
    ("GOOGLE_REGION", "GCLOUD_REGION", "CLOUDSDK_COMPUTE_REGION"),
    ("GOOGLE_ZONE", "GCLOUD_ZONE", "CLOUDSDK_COMPUTE_ZONE"),
    ("GOOGLE_IMPERSONATE_SERVICE_ACCOUNT", "CLOUDSDK_AUTH_IMPERSONATE_SERVICE_ACCOUNT"),
    ("GOOGLE_UNIVERSE_DOMAIN",),
    ("CLOUDSDK_ACTIVE_CONFIG_NAME",),
    ("CLOUDSDK_CONFIG",),
    ("KUBE_CONFIG_PATH", "KUBE_CONFIG_PATHS", "KUBECONFIG"),
    ("KUBE_CTX",),
    ("KUBE_CTX_CLUSTER",),
    ("KUBE_CTX_AUTH_INFO",),
    ("KUBE_HOST",),
    ("KUBE_NAMESPACE",),
)
_OTHER_NAMES: Final = frozenset(name for row in _SETTINGS for name in row[1:])
_NAMED: Final = {row[0]: row for row in _SETTINGS}
_KNOWN: Final = re.compile(r"^(AWS|ARM|AZURE|GOOGLE|GCLOUD|CLOUDSDK|KUBE|TF_AWS)_|^KUBECONFIG$")
_ENDPOINT: Final = re.compile(
    r"^AWS_ENDPOINT_URL(_[A-Z0-9_]+)?$|^(TF_)?AWS_[A-Z0-9_]+_ENDPOINT(_URL)?$"
    r"|^(GOOGLE|CLOUDSDK)_[A-Z0-9_]+_(CUSTOM_ENDPOINT|ENDPOINT_OVERRIDE|ENDPOINT_OVERRIDES_[A-Z]+)$"
    r"|^CLOUDSDK_API_ENDPOINT_OVERRIDES_[A-Z0-9_]+$"
)
# Where the credentials come from, and nothing of where the objects are.
_CREDENTIAL_SOURCE: Final = frozenset({"AWS_EC2_METADATA_SERVICE_ENDPOINT"})
_GENERIC: Final = re.compile(
    r"_(REGION|LOCATION|ZONE|ENDPOINT|ENDPOINT_URL|API_URL|BASE_URL|SERVER_URL|HOST|HOSTNAME|ADDR"
    r"|ADDRESS|SERVER|ACCOUNT|ACCOUNT_ID|PROJECT|PROJECT_ID|TENANT|TENANT_ID|SUBSCRIPTION_ID"
    r"|ORGANIZATION|ORG|ORG_ID|CONTEXT|PROFILE|DATACENTER|DOMAIN|SITE|WORKSPACE_ID|NAMESPACE)$"
)
# Set by shells, desktops, test runners, CI and the tools themselves, for each call anew.
_NO_PROVIDERS: Final = re.compile(
    r"^(CI|GITHUB|GITLAB_CI|RUNNER|BUILDKITE|JENKINS|CIRCLE|TRAVIS|BITBUCKET|TEAMCITY|XDG|DBUS|SSH"
    r"|PULUMI|TRUEUP|PYTEST|NPM|COMPOSE|TMUX|VSCODE|WT|GNOME|KDE|SYSTEMD|INVOCATION|DOCKER_BUILD"
    r"|HOSTNAME|TF_WORKSPACE|TF_CLI|TF_CLOUD)(_|$)"
)
_TELLING: Final = re.compile(r"SECRET|TOKEN|PASSW|CREDENTIAL|PRIVATE|_KEY")
_ACCESS_KEY: Final = re.compile(r"^A(KIA|SIA)[A-Z2-7]{16}$")
_ARN_PARTS: Final = 6
# Keys made before March 2019 do not hold the account.
_OLD_ACCESS_KEY: Final = re.compile(r"^A(KIA|SIA)[IJ]")
_FAMILIES: Final = {
    "aws": (re.compile(r"^aws"), re.compile(r"AWS_")),
    "azure": (re.compile(r"^az(ure|api)"), re.compile(r"^(ARM|AZURE)_")),
    "google": (re.compile(r"^(google|gcp)"), re.compile(r"GOOGLE_|^(GCLOUD|CLOUDSDK)_")),
    "kubernetes": (re.compile(r"^(kubernetes|kubectl|helm)"), re.compile(r"^KUBE")),
}


def identity_of(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Return what of `environment` says where a provider's objects are; no secret is in it.

    The names are those of variables. Two that mean one setting are one entry, named by the first
    of them, whichever is set. Credentials in addresses are left out. Of an access key only
    the account is told that it belongs to, and of a Google key only its project.
    """
    return dict(sorted(_identity(environment)))


def concerning(identity: Mapping[str, str], package: str) -> Mapping[str, str]:
    """Return the entries that a provider of `package` (`aws`, `azurerm`, ...) may look at."""
    family = family_of(package)
    if family is None:
        return identity
    pattern = _FAMILIES[family][1]
    return {name: value for name, value in identity.items() if pattern.search(name)}


def family_of(package: str) -> str | None:
    """Return the cloud that providers of `package` are of; None for any other."""
    return next((name for name, (named, _) in _FAMILIES.items() if named.search(package)), None)


def digest_of(text: str) -> str:
    """Return what tells `text` from another and does not give it away."""
    return _DIGEST + hashlib.sha256(text.encode()).hexdigest()[:_DIGEST_CHARACTERS]


def beyond_variables(name: str) -> bool:
    """Whether the entry `name` is of credentials or of a file: no variable would restore it."""
    return name in _OF_CREDENTIALS or name.endswith(_OF_FILES)


def differing(kept: Mapping[str, str], now: Mapping[str, str]) -> Mapping[str, str]:
    """Return by name a sentence for each entry that differs.

    Of credentials and files only what both sides tell is compared: that one has none is no other
    world, but another kind of credentials, or a release that did not look.
    """
    names = sorted(kept.keys() | now.keys())
    return {
        name: _sentence(name, kept.get(name), now.get(name))
        for name in names
        if kept.get(name) != now.get(name)
        and not (beyond_variables(name) and (name not in kept or name not in now))
    }


def differences(kept: Mapping[str, str], now: Mapping[str, str]) -> tuple[str, ...]:
    """Return a sentence for each entry that differs; empty when both lead to the same world."""
    return tuple(differing(kept, now).values())


def _sentence(name: str, kept: str | None, now: str | None) -> str:
    if now is not None and now.startswith(_DIGEST):
        return f"{name} is another one than the objects were last found with"
    if now is None:
        return f'{name} is not set; the objects were last found with "{kept}"'
    if kept is None:
        return f'{name} is "{now}"; the objects were last found without it'
    return f'{name} is "{now}"; the objects were last found with "{kept}"'


def _identity(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, names in _NAMED.items():
        value = next((environment[name] for name in names if environment.get(name)), None)
        if value is not None:
            yield name, without_credentials(value)
    for name, value in environment.items():
        if value and name not in _NAMED and name not in _OTHER_NAMES and _leads_somewhere(name):
            yield name, without_credentials(value)
    if account := account_of(environment.get("AWS_ACCESS_KEY_ID", "")):
        yield ACCOUNT, account
    if project := _project_of(environment.get("GOOGLE_CREDENTIALS", "")):
        yield PROJECT, project


def _leads_somewhere(name: str) -> bool:
    if name in _CREDENTIAL_SOURCE or _TELLING.search(name):
        return False
    if _KNOWN.search(name):
        return _ENDPOINT.search(name) is not None
    return _GENERIC.search(name) is not None and _NO_PROVIDERS.search(name) is None


def told_by_arns(arns: Iterable[str]) -> Mapping[str, str]:
    """Return the region and account that the names of recorded AWS objects agree on.

    Global objects name no region. Where two names differ, nothing is told.
    """
    parts = [arn.split(":", 5) for arn in arns if arn.startswith("arn:")]
    whole = [part for part in parts if len(part) == _ARN_PARTS]
    found = {"AWS_REGION": {part[3] for part in whole}, ACCOUNT: {part[4] for part in whole}}
    agreed = {name: values - {""} for name, values in found.items()}
    return {name: values.pop() for name, values in agreed.items() if len(values) == 1}


def account_of(access_key_id: str) -> str | None:
    """Return the account number that an access key's id holds; None where it holds none.

    Source: https://medium.com/@TalBeerySec/a-short-note-on-aws-key-id-f88cc4317489: bits 1 to 40
    of what follows the prefix, read as base 32. AWS itself does not document it.
    """
    if not _ACCESS_KEY.match(access_key_id) or _OLD_ACCESS_KEY.match(access_key_id):
        return None
    number = int.from_bytes(base64.b32decode(access_key_id[4:])[:6], "big")
    return f"{(number & 0x7FFFFFFFFF80) >> 7:012d}"


def _project_of(credentials: str) -> str | None:
    try:
        content = json.loads(credentials)
    except ValueError:
        return None
    project = content.get("project_id") if isinstance(content, dict) else None
    return project if isinstance(project, str) else None


def without_credentials(value: str) -> str:
    """Return `value` without user information and query, where it is an address."""
    if "://" not in value:
        return value
    try:
        parts = urlsplit(value)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
