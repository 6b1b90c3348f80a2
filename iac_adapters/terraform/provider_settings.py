"""What a provider configuration points to, and how two of them differ.

Which account, region or endpoint a provider works in is decided by its block and by the
variables of its environment. Credentials say who asks, not where: they may rotate.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final

import msgpack

from iac_adapters.provider_files import Led, ProviderFiles
from iac_adapters.provider_identity import beyond_variables, differing
from iac_adapters.terraform.identity_variables import identity_for, variables_for
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.schema import ResourceSchema
from iac_adapters.terraform.state import ProviderReference
from iac_adapters.terraform.values import decode, encode
from iac_adapters.terraform.written_settings import overlaid
from reconciler.domain.compare import align, aligned_paths, value_at
from reconciler.domain.errors import PermanentError
from reconciler.domain.origin import contains_unknown, is_empty
from reconciler.domain.paths import Steps, render_path
from reconciler.domain.values import Attributes, Value

_SHOWN: Final = 4
_LONGEST: Final = 80
_CREDENTIAL: Final = re.compile(
    r"(^|_)(access_keys?|access_key_id|api_?keys?|authorization|client_id|client_key|client_secret"
    r"|cookie|credentials|jwt|key|otp|passphrase|passw(or)?d|private_key|pwd|secrets?|session_name|sas|tokens?|user"
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
_USER_INFORMATION: Final = re.compile(r"(?<=://)[^/@\s]*@")


@dataclass(frozen=True, slots=True, repr=False)
class ProviderSettings:
    """What a provider was told: its Configure request, and the variables that name a place.

    `identity` is what the variables mean, which is what counts and may be shown.
    """

    configure: bytes
    environment: Mapping[str, str] = field(default_factory=dict)
    identity: Mapping[str, str] = field(default_factory=dict)
    hidden: tuple[str, ...] | None = None
    """The texts in `configure` that were secret when it was kept; None where nobody looked."""

    @classmethod
    def of(cls, source: str, configure: bytes, files: ProviderFiles) -> ProviderSettings:
        """Return what `configure`, the environment and its files tell the provider `source`."""
        led = led_by(source, configure, files)
        identity = {**identity_for(source, led.environment), **led.identity}
        return cls(configure, variables_for(source, led.environment), identity)


@dataclass(frozen=True, slots=True)
class Difference:
    """One setting that differs, as a person may read it. `place` names where objects are.

    One that is not `restorable` cannot be given to a provider as it was: it stands in a file.
    """

    text: str
    place: bool
    restorable: bool = True


def led_by(source: str, configure: bytes, files: ProviderFiles) -> Led:
    """Return where the environment and its files lead the provider `source`."""
    return files.led(source.rsplit("/", 1)[-1], _written_in(configure))


def _written_in(configure: bytes) -> Mapping[str, object]:
    """Return the settings in a Configure request by name, as they cross the wire."""
    config = message("ConfigureRequest").FromString(configure).config.msgpack if configure else b""
    content = msgpack.unpackb(config, strict_map_key=False) if config else None
    return content if isinstance(content, dict) else {}


def label_of(reference: ProviderReference) -> str:
    """Name a provider configuration: `registry.terraform.io/hashicorp/aws.west in module.net`."""
    name = f"{reference.source}.{reference.alias}" if reference.alias else reference.source
    return f"{name} in {reference.module}" if reference.module else name


def is_of(label: str, source: str) -> bool:
    """Whether `label` names a configuration of the provider `source`."""
    return label == source or label.startswith((f"{source}.", f"{source} in "))


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
    before, after = decoded(kept.configure, schema), decoded(now.configure, schema)
    # A setting of the block outranks the variable, whether or not it was edited.
    ruling = {
        name: value
        for name, value in (after or {}).items()
        if not is_empty(value) and not is_empty((before or {}).get(name))
    }
    variables = tuple(_variables(kept, now, ruling))
    if before is None or kept.configure == now.configure:
        return variables
    if after is None:
        unknown = "its configuration is not known before an apply"
        return (Difference(unknown, place=True), *variables)
    sides = align((before, after), schema.is_set)
    return (*_settings(schema, *sides, hidden=kept.hidden or ()), *variables)


def written_differences(
    schema: ResourceSchema, kept: ProviderSettings, expressions: Mapping[str, Any]
) -> tuple[Difference, ...]:
    """Return how the settings that are written out in the code differ from the kept ones."""
    before = decoded(kept.configure, schema)
    if before is None:
        return ()
    sides = align((before, overlaid(before, expressions)), schema.is_set)
    return tuple(_settings(schema, *sides, hidden=kept.hidden or ()))


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
    texts = [difference.text for difference in found]
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
                _overlaid(schema, left, right, (*path, 0))
                for left, right in zip(old, new, strict=True)  # type: ignore[arg-type]
                if isinstance(left, dict) and isinstance(right, dict)
            ]
        else:
            laid[name] = old
    return laid


def _single_block(value: Value) -> bool:
    return isinstance(value, list) and len(value) == 1 and isinstance(value[0], dict)


def _is_credential(schema: ResourceSchema, path: Steps) -> bool:
    if any(
        attribute.sensitive or attribute.write_only
        for _, attribute in schema.attributes_along(path)
    ):
        return True
    names = [step for step in path if isinstance(step, str)]
    return bool(names and _CREDENTIAL.search(names[-1]))


def _settings(
    schema: ResourceSchema, before: Value, after: Value, *, hidden: Collection[str]
) -> Iterator[Difference]:
    for path in aligned_paths(before, after, schema.is_set):
        old, new = value_at(before, path), value_at(after, path)
        if not _is_credential(schema, path) and not (is_empty(old) and is_empty(new)):
            yield _setting(path, old, new, hidden)


def _setting(path: Steps, before: Value, after: Value, hidden: Collection[str]) -> Difference:
    name = render_path(path)
    recorded = "another value" if _text(before) in hidden else _plain(before)
    text = f"{name} {_told(after)} in code; the objects were recorded with {recorded}"
    return Difference(text, place=any(_PLACE.search(str(step)) for step in path))


def _variables(
    kept: ProviderSettings, now: ProviderSettings, settings: Mapping[str, Value]
) -> Iterator[Difference]:
    """Yield the variables that lead elsewhere and that no setting of the block outranks."""
    ruling = [
        {name: value for name, value in identity.items() if not _is_outranked(name, settings)}
        for identity in (kept.identity, now.identity)
    ]
    for name, text in differing(*ruling).items():
        yield Difference(text, place=True, restorable=not beyond_variables(name))


def _is_outranked(variable: str, settings: Mapping[str, Value]) -> bool:
    """Whether the block says what the variable would: `region` for `AWS_REGION`."""
    meant = variable.partition("_")[2].lower()
    return not is_empty(settings.get(meant))


def hidden_texts(
    schema: ResourceSchema, settings: ProviderSettings, is_secret: Callable[[str], bool]
) -> tuple[str, ...]:
    """Return the texts and numbers in the configuration that are secret, sorted.

    What was secret once is not told when the code no longer says that it is.
    """
    found = set(_texts(decoded(settings.configure, schema)))
    return tuple(sorted(text for text in found if is_secret(text)))


def _texts(value: Value) -> Iterator[str]:
    match value:
        case dict():
            for inner in value.values():
                yield from _texts(inner)
        case list():
            for inner in value:
                yield from _texts(inner)
        case _ if (text := _text(value)) is not None:
            yield text


def _text(value: Value) -> str | None:
    match value:
        case bool() | None:
            return None
        case str() | int() | float() | Decimal():
            return str(value)
        case _:
            return None


def _told(value: Value) -> str:
    if is_empty(value):
        return "is not set"
    return "is set otherwise" if isinstance(value, list | dict) else f"is {_plain(value)}"


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
