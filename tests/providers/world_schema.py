"""What the test provider `world` offers: every shape a protocol-6 schema can take."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from iac_adapters.terraform.messages import message

STRING, NUMBER, BOOL, DYNAMIC = "string", "number", "bool", "dynamic"
SINGLE, LIST, SET, MAP = 1, 2, 3, 4


def attribute(name: str, kind: Any = None, **flags: Any) -> Any:
    """A schema attribute; `nested=(nesting, [attributes])` gives it a nested type."""
    nested = flags.pop("nested", None)
    made = message("Attribute")(name=name, **(flags or {"optional": True}))
    if nested is None:
        made.type = json.dumps(kind).encode()
    else:
        made.nested_type.nesting = nested[0]
        made.nested_type.attributes.extend(nested[1])
    return made


def _member() -> list[Any]:
    return [
        attribute("name", STRING, required=True),
        attribute("weight", NUMBER),
        attribute("labels", ["map", STRING]),
    ]


def thing_attributes() -> list[Any]:
    """`world_thing`: one attribute of every kind; a change of `place` replaces it."""
    return [
        attribute("id", STRING, computed=True),
        attribute("name", STRING, required=True),
        attribute("place", STRING),
        attribute("size", NUMBER, optional=True, computed=True),
        attribute("enabled", BOOL),
        attribute("serial", STRING, computed=True),
        attribute("secret", STRING, optional=True, sensitive=True),
        attribute("password_wo", STRING, optional=True, write_only=True),
        attribute("password_version", NUMBER),
        attribute("labels", ["map", STRING]),
        attribute("zones", ["set", STRING]),
        attribute("steps", ["list", STRING]),
        attribute("shape", ["object", {"kind": STRING, "sides": NUMBER}]),
        attribute("anything", DYNAMIC),
        attribute("leader", nested=(SINGLE, _member())),
        attribute("members", nested=(LIST, _member())),
        attribute("guests", nested=(SET, _member())),
        attribute("roles", nested=(MAP, _member())),
        attribute("tags", ["map", STRING]),
        attribute("tags_all", ["map", STRING], computed=True),
    ]


def provider_attributes() -> list[Any]:
    """The provider's own configuration; `world` is the JSON file that is its cloud.

    Each `region` has a file of its own beside it. `default_tags` come into `tags_all` of every
    thing, and are left out of the `tags` that are read.
    """
    return [
        attribute("world", STRING, required=True),
        attribute("token", STRING, sensitive=True, optional=True),
        attribute("region", STRING),
        attribute("default_tags", ["map", STRING]),
        attribute("patience", NUMBER),
    ]


REPLACING = frozenset({"place"})
RESOURCES = {"world_thing": thing_attributes}
DATA_SOURCES: dict[str, Callable[[], list[Any]]] = {
    "world_count": lambda: [attribute("count", NUMBER, computed=True)]
}


EPHEMERALS: dict[str, Callable[[], list[Any]]] = {
    "world_place": lambda: [attribute("region", STRING, computed=True)]
}


def schema(attributes: list[Any], *, version: int = 1) -> Any:
    """A whole schema of these attributes."""
    made = message("Schema")(version=version)
    made.block.attributes.extend(attributes)
    return made


def schema_answer() -> bytes:
    """The answer to GetProviderSchema."""
    answer = message("GetSchemaResponse")(
        provider=schema(provider_attributes()).SerializeToString(),
        resource_schemas={n: schema(a()).SerializeToString() for n, a in RESOURCES.items()},
        data_source_schemas={n: schema(a()).SerializeToString() for n, a in DATA_SOURCES.items()},
        ephemeral_resource_schemas={
            n: schema(a()).SerializeToString() for n, a in EPHEMERALS.items()
        },
    )
    answer.server_capabilities.get_provider_schema_optional = True
    return bytes(answer.SerializeToString())
