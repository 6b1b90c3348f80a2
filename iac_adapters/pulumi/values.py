"""Property values: as they stand in a checkpoint, on the wire, and as people read them.

Three forms. *Raw* is JSON with tagged objects, secrets as plain text inside their tag. *Wire*
is a protobuf Struct of the same. *Plain* is a domain value, with the places of its secrets
beside it.

Source: sdk/go/common/resource/sig and plugin/rpc.go of pulumi/pulumi.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import orjson

from reconciler.domain.paths import Steps
from reconciler.domain.values import UNKNOWN, Value

Raw = Any
RawProperties = Mapping[str, Raw]

SIGNATURE: Final = "4dabf18193072939515e22adb298388d"
SECRET: Final = "1b47061264138c4ac30d75fd1eb44270"  # noqa: S105 - a tag, no secret
ASSET: Final = "c44067f5952c0a294b673a41bacd8c17"
ARCHIVE: Final = "0def7320c3a5731c473e5ecbe6d01bc7"
REFERENCE: Final = "5cf8f73096256a8f31e491e813e4eb8e"
OUTPUT: Final = "d0e6a833031e9bbcd3f4e8bde6ca49a4"
UNKNOWN_TEXT: Final = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
_UNKNOWN: Final = frozenset(
    {
        UNKNOWN_TEXT,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)
_INTERNAL: Final = "__"


class UndecipheredError(ValueError):
    """A secret stands there that nobody deciphered."""


def deciphered(raw: Raw, decrypt: Callable[[str], str]) -> Raw:
    """Return `raw` with every secret's text plain inside its tag."""
    if isinstance(raw, list):
        return [deciphered(item, decrypt) for item in raw]
    if not isinstance(raw, dict):
        return raw
    if raw.get(SIGNATURE) != SECRET:
        return {key: deciphered(item, decrypt) for key, item in raw.items()}
    if "plaintext" in raw:
        text = raw["plaintext"]
    elif "ciphertext" in raw:
        text = decrypt(raw["ciphertext"])
    else:
        return raw
    return {SIGNATURE: SECRET, "value": deciphered(orjson.loads(text), decrypt)}


def is_secret(raw: Raw) -> bool:
    """Whether `raw` is a secret as a whole."""
    return isinstance(raw, dict) and raw.get(SIGNATURE) == SECRET


def revealed(raw: Raw) -> Raw:
    """Return `raw` as a provider takes it that wants secrets in plain text; other tags stay."""
    if isinstance(raw, list):
        return [revealed(item) for item in raw]
    if not isinstance(raw, dict):
        return raw
    tag = raw.get(SIGNATURE)
    if tag == SECRET:
        if "value" not in raw:
            raise UndecipheredError
        return revealed(raw["value"])
    if tag == OUTPUT:
        return revealed(raw.get("value", next(iter(_UNKNOWN))))
    return {key: revealed(item) for key, item in raw.items()}


def plain(raw: Raw) -> Value:
    """Return what people read: secrets unwrapped, unknowns as such, assets by their hash."""
    if isinstance(raw, list):
        return [plain(item) for item in raw]
    if isinstance(raw, dict):
        return _plain_object(raw)
    if isinstance(raw, str):
        return UNKNOWN if raw in _UNKNOWN else raw
    if isinstance(raw, float) and raw.is_integer():
        return int(raw)  # the wire knows doubles only, and nobody writes 30.0
    value: Value = raw
    return value


def _plain_object(raw: dict[str, Raw]) -> Value:
    tag = raw.get(SIGNATURE)
    if tag == SECRET and "value" not in raw:
        raise UndecipheredError
    if tag in (SECRET, OUTPUT):
        return plain(raw["value"]) if "value" in raw else UNKNOWN
    if tag in (ASSET, ARCHIVE):
        return {"hash": raw.get("hash")}
    if tag == REFERENCE:
        return raw.get("id") or raw.get("urn")
    return {key: plain(item) for key, item in raw.items() if key != SIGNATURE}


def visible(properties: RawProperties) -> dict[str, Value]:
    """Return the properties people wrote or read, without those a bridge keeps for itself."""
    return {
        name: plain(value) for name, value in properties.items() if not name.startswith(_INTERNAL)
    }


def internal(properties: RawProperties) -> RawProperties:
    """Return the properties that the engine or a bridge keeps for itself."""
    return {name: value for name, value in properties.items() if name.startswith(_INTERNAL)}


def secret_paths(raw: Raw, at: Steps = ()) -> Iterator[Steps]:
    """Yield the places of the outermost secrets in `raw`."""
    if isinstance(raw, list):
        for index, item in enumerate(raw):
            yield from secret_paths(item, (*at, index))
    elif isinstance(raw, dict):
        tag = raw.get(SIGNATURE)
        if tag == SECRET or (tag == OUTPUT and raw.get("secret")):
            yield at
        elif tag == OUTPUT:
            yield from secret_paths(raw.get("value"), at)
        else:
            for key, item in raw.items():
                yield from secret_paths(item, (*at, key))


def to_struct(properties: RawProperties, struct: Any) -> None:
    """Write raw properties into a protobuf Struct, secrets in plain text."""
    for name, value in properties.items():
        _set(struct.fields[name], revealed(value))


def from_struct(struct: Any) -> dict[str, Raw]:
    """Return the raw properties that a protobuf Struct holds."""
    return {name: _get(value) for name, value in struct.fields.items()}


def _set(target: Any, value: Raw) -> None:
    if value is None:
        target.null_value = 0
    elif isinstance(value, bool):
        target.bool_value = value
    elif isinstance(value, int | float):
        target.number_value = value
    elif isinstance(value, str):
        target.string_value = value
    elif isinstance(value, list):
        target.list_value.SetInParent()
        for item in value:
            _set(target.list_value.values.add(), item)
    else:
        target.struct_value.SetInParent()
        for key, item in value.items():
            _set(target.struct_value.fields[key], item)


def _get(value: Any) -> Raw:
    match value.WhichOneof("kind"):
        case "string_value":
            return value.string_value
        case "number_value":
            return value.number_value
        case "bool_value":
            return value.bool_value
        case "struct_value":
            return {key: _get(item) for key, item in value.struct_value.fields.items()}
        case "list_value":
            return [_get(item) for item in value.list_value.values]
        case _:
            return None
