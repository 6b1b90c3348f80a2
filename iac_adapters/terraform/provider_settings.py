"""What a provider configuration points to, and how two of them differ. Pure.

Which account, region or endpoint a provider works in is decided by its block and by the
variables of its environment. Credentials say who asks, not where: they may rotate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.state import ProviderReference
from iac_adapters.terraform.values import decode, encode
from reconciler.domain.compare import align, aligned_paths, value_at
from reconciler.domain.errors import PermanentError
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import Attributes, Value

_SHOWN: Final = 4
_LONGEST: Final = 80
_CREDENTIAL: Final = re.compile(
    r"(^|_)(access_keys?|access_key_id|api_?keys?|client_id|client_key|client_secret|credentials"
    r"|jwt|key|otp|passphrase|passw(or)?d|private_key|pwd|secrets?|session_name|sas|tokens?|user"
    r"|username)($|_(id|value|wo|content|password)$)",
    re.IGNORECASE,
)
_PLACE: Final = re.compile(
    r"(^|_)(account|addr|address|api|cluster|context|ctx|database|domain|endpoint|environment|host"
    r"|hostname|namespace|org|organization|owner|port|profile|project|region|server|site|socket"
    r"|subscription|tenant|url|uri|workspace|zone|kubeconfig|config_paths?|config_file"
    r"|credentials_file|metadata_host)s?($|_|\[)",
    re.IGNORECASE,
)
# How a provider's variables begin where that is not its own name.
_PREFIXES: Final[Mapping[str, tuple[str, ...]]] = {
    "aws": ("AWS",),
    "awscc": ("AWS",),
    "azurerm": ("ARM", "AZURE"),
    "azuread": ("ARM", "AZURE"),
    "azapi": ("ARM", "AZURE"),
    "google": ("GOOGLE", "GCLOUD", "GCP", "CLOUDSDK"),
    "google-beta": ("GOOGLE", "GCLOUD", "GCP", "CLOUDSDK"),
    "helm": ("HELM", "KUBE"),
    "kubernetes": ("KUBE",),
    "kubectl": ("KUBE",),
    "openstack": ("OS",),
    "postgresql": ("PG",),
}
# A container's own address of its credentials is another one at each start.
_PASSING: Final = ("AWS_CONTAINER_", "AWS_EC2_METADATA_", "AWS_LAMBDA_")
_USER_INFORMATION: Final = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True, repr=False)
class ProviderSettings:
    """What a provider was told: its Configure request, and the variables that name a place."""

    configure: bytes
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs, as a person may read it. `place` names where objects are."""

    text: str
    place: bool


def label_of(reference: ProviderReference) -> str:
    """Name a provider configuration: `registry.terraform.io/hashicorp/aws.west in module.net`."""
    name = f"{reference.source}.{reference.alias}" if reference.alias else reference.source
    return f"{name} in {reference.module}" if reference.module else name


def is_of(label: str, source: str) -> bool:
    """Whether `label` names a configuration of the provider `source`."""
    return label == source or label.startswith((f"{source}.", f"{source} in "))


def place_variables(source: str, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that tell the provider `source` where its objects are."""
    name = source.rsplit("/", 1)[-1]
    prefixes = _PREFIXES.get(name, (name.replace("-", "_").upper(),))
    return {
        variable: value
        for variable, value in environment.items()
        if value
        and not variable.startswith(_PASSING)
        and not _CREDENTIAL.search(variable)
        and _of_provider(variable, prefixes)
    }


def _of_provider(variable: str, prefixes: Iterable[str]) -> bool:
    for prefix in prefixes:
        if variable.startswith(prefix):
            rest = variable.removeprefix(prefix).lstrip("_")
            return bool(_PLACE.search(rest) or _PLACE.search(variable))
    return False


def decoded(configure: bytes, schema: ResourceSchema) -> Attributes | None:
    """Return the configuration in a Configure request; None where it cannot be read."""
    if not configure:
        return None
    config = message("ConfigureRequest").FromString(configure).config.msgpack
    try:
        return decode(config, schema) if config else {}
    except PermanentError:
        return None


def differences(
    schema: ResourceSchema, *, kept: ProviderSettings, now: ProviderSettings
) -> tuple[Difference, ...]:
    """Return how `now` differs from `kept` in more than its credentials."""
    variables = _variables(kept.environment, now.environment)
    if kept.configure == now.configure:
        return tuple(variables)
    before, after = decoded(kept.configure, schema), decoded(now.configure, schema)
    if before is None:
        return tuple(variables)  # nothing that can be read was kept
    if after is None:
        unknown = "its configuration is not known before an apply"
        return (Difference(unknown, place=True), *variables)
    return (*_settings(schema, *align((before, after), schema.is_set)), *variables)


def with_credentials_of(
    schema: ResourceSchema, *, kept: ProviderSettings, now: ProviderSettings
) -> bytes:
    """Return the kept Configure request with the credentials of today."""
    before, after = decoded(kept.configure, schema), decoded(now.configure, schema)
    if before is None or after is None:
        return kept.configure
    request = message("ConfigureRequest").FromString(now.configure)
    request.config.msgpack = encode(_overlaid(schema, before, after, ()), schema)
    laid: bytes = request.SerializeToString()
    return laid


def sentence(found: Iterable[Difference]) -> str:
    """Say how a configuration differs from the one that was recorded."""
    texts = [one.text for one in found]
    more = [f"and {len(texts) - _SHOWN} more"] if len(texts) > _SHOWN else []
    return "; ".join((*texts[:_SHOWN], *more))


def _overlaid(
    schema: ResourceSchema, before: Attributes, after: Attributes, at: Steps
) -> Attributes:
    laid: Attributes = {}
    for name in before.keys() | after.keys():
        path = (*at, name)
        old, new = before.get(name), after.get(name)
        if _is_credential(schema, path):
            laid[name] = new
        elif isinstance(old, dict) and isinstance(new, dict):
            laid[name] = _overlaid(schema, old, new, path)
        elif _single_block(old) and _single_block(new):
            laid[name] = [
                _overlaid(schema, one, other, (*path, 0))
                for one, other in zip(old, new, strict=True)  # type: ignore[arg-type]
                if isinstance(one, dict) and isinstance(other, dict)
            ]
        else:
            laid[name] = old
    return laid


def _single_block(value: Value) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)


def _is_credential(schema: ResourceSchema, path: Steps) -> bool:
    if any(one.sensitive or one.write_only for _, one in schema.attributes_along(path)):
        return True
    names = [step for step in path if isinstance(step, str)]
    return bool(names and _CREDENTIAL.search(names[-1]))


def _settings(schema: ResourceSchema, before: Value, after: Value) -> Iterator[Difference]:
    for path in aligned_paths(before, after, schema.is_set):
        old, new = value_at(before, path), value_at(after, path)
        if not _is_credential(schema, path) and not (is_empty(old) and is_empty(new)):
            yield _setting(path, old, new)


def _setting(path: Steps, before: Value, after: Value) -> Difference:
    name = render_path(path)
    text = f"{name} {_told(after)} in code; the objects were recorded with {_plain(before)}"
    return Difference(text, place=any(_PLACE.search(str(step)) for step in path))


def _variables(before: Mapping[str, str], after: Mapping[str, str]) -> Iterator[Difference]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old != new:
            text = (
                f"{name} {_told(new)} in the environment;"
                f" the objects were recorded with {_plain(old)}"
            )
            yield Difference(text, place=True)


def _told(value: Value) -> str:
    return "is not set" if is_empty(value) else f"is {_plain(value)}"


def _plain(value: Value) -> str:
    """Write a value in one short line, without the user information of a URL."""
    if is_empty(value):
        return "none"
    if contains_unknown(value):
        return "not known before an apply"
    if isinstance(value, list | dict):
        return "other entries"
    text = _USER_INFORMATION.sub("", value) if isinstance(value, str) else str(value).lower()
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return json.dumps(short, ensure_ascii=False) if isinstance(value, str) else short
