"""A Terraform or OpenTofu state file, read into one model whatever its version.

Pure. Numbers keep every digit they have in the file.

Source: internal/states/statefile/version4.go of Terraform 1.11; OpenTofu's encrypted
state from its documentation of state encryption.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn

import orjson

from iac_adapters.terraform.addresses import InstanceKey, resource_address
from reconciler.domain.errors import PermanentError
from reconciler.domain.paths import Steps

NEWEST_VERSION: Final = 4
_LEGACY_VERSION: Final = 3

# Longer numbers than these may not survive a double or a 64-bit integer.
_LONG_NUMBER: Final = re.compile(rb"[:\[,\s]-?\d[\d.eE+-]{14,}")
_EXACT_DIGITS: Final = 15
_EXACT_INTEGER_DIGITS: Final = 18
_PROVIDER: Final = re.compile(
    r"(?:(?P<module>module\..*)\.)?provider"
    r'(?:\["(?P<source>[^"]+)"\]|\.(?P<legacy>[\w-]+))'
    r"(?:\.(?P<alias>.+))?\Z",
    re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class ProviderReference:
    """Which provider configuration a resource was last applied with.

    `source` is fully qualified: `registry.terraform.io/hashicorp/aws`; its namespace is
    `-` in states older than Terraform 0.13, which knew no namespaces. `module` is the
    address of the module whose configuration it is, empty for the root module.
    """

    source: str
    alias: str | None
    module: str


@dataclass(frozen=True, slots=True, repr=False)
class StateInstance:
    """One recorded object. `attributes_json` and `private` may hold secrets.

    `attributes_json` is re-serialised: same keys, same order, same digits of every
    number that a double could not hold; only white space and escapes may differ.
    Exactly one of `attributes_json` and `attributes_flat` is set; `attributes_flat` is
    what Terraform 0.11 and older wrote.
    """

    address: str
    module: str
    mode: str
    type: str
    name: str
    index_key: InstanceKey
    provider: ProviderReference
    tainted: bool = False
    deposed: str | None = None
    schema_version: int = 0
    attributes_json: bytes | None = None
    attributes_flat: Mapping[str, str] | None = None
    sensitive_paths: tuple[Steps, ...] = ()
    private: bytes = b""
    dependencies: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"StateInstance({self.address!r})"

    @property
    def label(self) -> str:
        """The address, told apart from its successor's where the object is deposed."""
        return f"{self.address} ({self.deposed})" if self.deposed else self.address

    @property
    def as_json(self) -> bytes:
        """The object as a state of version 4 holds it, neither tainted nor deposed."""
        flat = self.attributes_json is None
        attributes = orjson.dumps(self.attributes_flat) if flat else self.attributes_json
        return b'{"schema_version":%d,"attributes%s":%s,"sensitive_attributes":[],"private":%s}' % (
            self.schema_version,
            b"_flat" if flat else b"",
            attributes,
            orjson.dumps(base64.b64encode(self.private).decode()),
        )


@dataclass(frozen=True, slots=True)
class StateFile:
    """A whole state; no state at all is one of version 4, serial 0, without instances."""

    version: int
    serial: int
    lineage: str
    tool_version: str
    instances: tuple[StateInstance, ...] = field(repr=False)
    secret_outputs: tuple[object, ...] = field(default=(), repr=False)


def parse_state(data: bytes, *, origin: str) -> StateFile:
    """Read a state file's bytes; `origin` names it in errors. No bytes mean no state yet.

    Raises:
        PermanentError: it is not a state, is cut short, is encrypted, or is of a version
            that cannot be read; the message says which.
    """
    if not data.strip():
        return StateFile(NEWEST_VERSION, 0, "", "", ())
    document = _load(data, origin)
    version = _version(document, origin)
    try:
        serial = int(document.get("serial") or 0)
        lineage = str(document.get("lineage") or "")
        tool_version = str(document.get("terraform_version") or "")
        return StateFile(
            version,
            serial,
            lineage,
            tool_version,
            _instances(document, version),
            secret_outputs=tuple(_secret_outputs(document)),
        )
    except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
        # The cause's text may quote values, hence its type only.
        raise PermanentError(
            f"{origin}: looks like a state of version {version}, but its content is malformed"
            f" ({type(error).__name__})",
            remedy="restore the state from a backup or an earlier version in its backend",
        ) from None


def _secret_outputs(document: Mapping[str, Any]) -> Iterator[object]:
    outputs = document.get("outputs")
    for output in outputs.values() if isinstance(outputs, dict) else ():
        if isinstance(output, dict) and output.get("sensitive"):
            yield output.get("value")


def parse_provider(text: str) -> ProviderReference:
    """Read a `provider` entry of any version-4 state.

    Raises:
        ValueError: it is none.
    """
    match = _PROVIDER.match(text)
    if match is None:
        raise ValueError("not a provider address")
    source = match["source"] or f"registry.terraform.io/-/{match['legacy']}"
    if match["source"] and source.count("/") == 0:
        source = f"registry.terraform.io/hashicorp/{source}"
    return ProviderReference(source=source, alias=match["alias"], module=match["module"] or "")


def _load(data: bytes, origin: str) -> dict[str, Any]:
    document = _decode(data, origin)
    if not isinstance(document, dict):
        raise PermanentError(
            f"{origin}: a state is a JSON object, this is a JSON {_word(document)}",
            remedy="check that the path names a state file",
        )
    return document


def _decode(data: bytes, origin: str) -> Any:
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        if _LONG_NUMBER.search(data):
            return _decode_exactly(data)
        return orjson.loads(data)
    except (ValueError, RecursionError) as error:
        _refuse_broken(data, origin, error)


def _decode_exactly(data: bytes) -> Any:
    return json.loads(data, parse_float=_float, parse_int=_integer, parse_constant=_constant)


def _float(text: str) -> float | orjson.Fragment:
    return orjson.Fragment(text) if len(text) > _EXACT_DIGITS else float(text)


def _integer(text: str) -> int | orjson.Fragment:
    return orjson.Fragment(text) if len(text) > _EXACT_INTEGER_DIGITS else int(text)


def _constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


def _refuse_broken(data: bytes, origin: str, error: Exception) -> NoReturn:
    line = getattr(error, "lineno", None)
    where = f" (line {line})" if line is not None else ""
    if isinstance(error, RecursionError):
        what = "is nested too deeply to be a state"
    elif _is_cut_short(data, error):
        what = f"is cut short: it ends after {len(data)} bytes in the middle of the JSON"
    else:
        what = f"is not JSON{where}"
    raise PermanentError(
        f"{origin}: the state {what}",
        remedy="restore the state from terraform.tfstate.backup or from its backend's versions",
    ) from None


def _is_cut_short(data: bytes, error: Exception) -> bool:
    """Tell whether it begins as a state does, and what is wrong is that it ends."""
    stripped = data.strip()
    if stripped[:1] != b"{":
        return False
    if isinstance(error, json.JSONDecodeError) and error.pos >= len(error.doc.rstrip()) - 1:
        return True
    return stripped[-1:] != b"}"


def _word(document: object) -> str:
    match document:
        case list():
            return "array"
        case str():
            return "string"
        case None:
            return "null"
        case bool():
            return "boolean"
        case _:
            return "number"


def _version(document: Mapping[str, Any], origin: str) -> int:
    if "encrypted_data" in document or "encryption_version" in document:
        raise PermanentError(
            f"{origin}: the state is encrypted by OpenTofu",
            remedy="run where `tofu state pull` can decrypt it (the `encryption` block or"
            " TF_ENCRYPTION), and let trueup read the state through tofu",
        )
    version = document.get("version")
    if isinstance(version, bool) or not isinstance(version, int):
        raise PermanentError(
            f"{origin}: has no whole-number `version`, so it is not a Terraform state",
            remedy="check that the path names a state file, not a plan or another JSON file",
        )
    if version > NEWEST_VERSION:
        raise PermanentError(
            f"{origin}: state version {version} is newer than the newest known, {NEWEST_VERSION}",
            remedy="update trueup, or go back to the tool release that wrote version 4",
        )
    if version < _LEGACY_VERSION:
        raise PermanentError(
            f"{origin}: state version {version} is older than Terraform 0.7 wrote",
            remedy="open the state once with Terraform 0.11, then with a current one, to upgrade",
        )
    return version


def _instances(document: dict[str, Any], version: int) -> tuple[StateInstance, ...]:
    if version == _LEGACY_VERSION:
        # Imported here: the legacy reader builds this module's types.
        from iac_adapters.terraform.state_legacy import legacy_instances  # noqa: PLC0415

        return tuple(legacy_instances(document))
    return tuple(_current_instances(document))


def _current_instances(document: dict[str, Any]) -> Iterator[StateInstance]:
    resources = document.pop("resources", None) or []
    document.clear()
    resources.reverse()
    while resources:
        # Popped, so that a large state's tree shrinks as the instances grow.
        resource = resources.pop()
        for instance in resource["instances"] or ():
            yield _instance(resource, instance)


def _instance(resource: Mapping[str, Any], instance: Mapping[str, Any]) -> StateInstance:
    module, mode = str(resource.get("module") or ""), str(resource["mode"])
    type_name, name = str(resource["type"]), str(resource["name"])
    key = _index_key(instance.get("index_key"))
    attributes, flat = instance.get("attributes"), instance.get("attributes_flat")
    return StateInstance(
        address=resource_address(module, mode=mode, type_name=type_name, name=name, key=key),
        module=module,
        mode=mode,
        type=type_name,
        name=name,
        index_key=key,
        # OpenTofu notes the provider per instance where a provider has `for_each`.
        provider=parse_provider(instance.get("provider") or resource["provider"]),
        tainted=instance.get("status") == "tainted",
        deposed=instance.get("deposed") or None,
        schema_version=int(instance.get("schema_version") or 0),
        attributes_json=orjson.dumps(attributes) if flat is None else None,
        attributes_flat=None if flat is None else {k: str(v) for k, v in flat.items()},
        sensitive_paths=tuple(map(_steps, instance.get("sensitive_attributes") or ())),
        private=_private(instance.get("private")),
        dependencies=tuple(instance.get("dependencies") or instance.get("depends_on") or ()),
    )


def _index_key(key: object) -> InstanceKey:
    if key is None or isinstance(key, str):
        return key
    if isinstance(key, int | float) and not isinstance(key, bool):
        return int(key)
    raise ValueError("not an instance key")


def _private(text: str | None) -> bytes:
    if not text:
        return b""
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise ValueError("private is not base64") from error


def _steps(path: list[Mapping[str, Any]]) -> Steps:
    return tuple(_step(step) for step in path)


def _step(step: Mapping[str, Any]) -> str | int:
    value = step["value"]
    if step["type"] == "get_attr":
        return str(value)
    key = value["value"]
    return int(key) if value["type"] == "number" else str(key)
