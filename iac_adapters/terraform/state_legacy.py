"""State version 3, as Terraform 0.7 to 0.11 wrote it, in the model of version 4.

What Terraform 1.11 itself makes of such a file (`terraform state pull`) is the model:
providers get the namespace `-`, attributes stay flat, deposed objects are numbered.

Source: internal/states/statefile/version3_upgrade.go of Terraform 1.11, and its output.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import orjson

from iac_adapters.terraform.addresses import resource_address
from iac_adapters.terraform.state import ProviderReference, StateInstance

_REGISTRY: Final = "registry.terraform.io/-/"
_BUILT_IN: Final = "terraform.io/builtin/terraform"
_SCHEMA_VERSION: Final = "schema_version"


def legacy_instances(document: Mapping[str, Any]) -> Iterator[StateInstance]:
    """Yield every object of a version-3 state.

    Raises:
        KeyError, TypeError, ValueError: it is malformed.
    """
    for module in document.get("modules") or ():
        path = ".".join(f"module.{name}" for name in module["path"][1:])
        for key, resource in (module.get("resources") or {}).items():
            yield from _objects(path, key, resource)


def _objects(module: str, key: str, resource: Mapping[str, Any]) -> Iterator[StateInstance]:
    primary = resource.get("primary")
    if primary:
        yield _object(module, key, resource, primary, deposed=None)
    for number, deposed in enumerate(resource.get("deposed") or (), start=1):
        yield _object(module, key, resource, deposed, deposed=f"{number:08x}")


def _object(
    module: str,
    key: str,
    resource: Mapping[str, Any],
    instance: Mapping[str, Any],
    *,
    deposed: str | None,
) -> StateInstance:
    mode, type_name, name, index = _split_key(key)
    meta = dict(instance.get("meta") or {})
    schema_version = int(meta.pop(_SCHEMA_VERSION, 0) or 0)
    attributes = dict(instance.get("attributes") or {})
    attributes.setdefault("id", str(instance.get("id") or ""))
    return StateInstance(
        address=resource_address(module, mode=mode, type_name=type_name, name=name, key=index),
        module=module,
        mode=mode,
        type=type_name,
        name=name,
        index_key=index,
        provider=_provider(str(resource.get("provider") or ""), type_name, module),
        tainted=bool(instance.get("tainted")),
        deposed=deposed,
        schema_version=schema_version,
        attributes_flat={name: str(value) for name, value in attributes.items()},
        private=orjson.dumps(meta) if meta else b"",
        dependencies=tuple(_dependency(d) for d in resource.get("depends_on") or ()),
    )


def _split_key(key: str) -> tuple[str, str, str, int | None]:
    """Split `data.aws_ami.x` or `aws_instance.web.0`."""
    parts = key.split(".")
    mode = "managed"
    if parts[0] == "data":
        mode, parts = "data", parts[1:]
    match parts:
        case [type_name, name]:
            return mode, type_name, name, None
        case [type_name, name, index]:
            return mode, type_name, name, int(index)
        case _:
            raise ValueError("not a resource key")


def _provider(text: str, type_name: str, module: str) -> ProviderReference:
    """Read `provider.aws`, `provider.aws.west` or `module.net.provider.aws`.

    States older than 0.11 name no provider; its name is then the type's first word.
    """
    if not text:
        return ProviderReference(_source(type_name.split("_", 1)[0]), None, module)
    owner, _, rest = text.rpartition("provider.")
    if not rest:
        rest, owner = text, ""
    name, _, alias = rest.partition(".")
    return ProviderReference(_source(name), alias or None, owner.removesuffix("."))


def _source(name: str) -> str:
    return _BUILT_IN if name == "terraform" else _REGISTRY + name


def _dependency(text: str) -> str:
    """Write `aws_vpc.main.*` and `aws_vpc.main.0` as the block they mean."""
    parts = text.split(".")
    length = 3 if parts[0] == "data" else 2
    return ".".join(parts[:length])
