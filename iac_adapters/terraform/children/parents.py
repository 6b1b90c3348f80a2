"""What questions about children need to know of a Terraform stack's resources. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import orjson

from iac_adapters.children.managed import Managed
from iac_adapters.redaction.secret_paths import SecretPaths
from iac_adapters.terraform.loaded import LoadedResource, LoadedStack, ProviderKey
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema_answer import ProviderSchema
from reconciler.domain.model import ResourceAddress
from reconciler.domain.values import Value

_AWS: Final = frozenset(
    {"registry.terraform.io/hashicorp/aws", "registry.opentofu.org/hashicorp/aws"}
)
_MOST_TYPES_READ: Final = 200
"""Of larger providers the names of types tell; reading every schema would take seconds."""


@dataclass(frozen=True, slots=True, repr=False)
class SchemaProvider:
    """Implements `children.managed.ChildProvider` by the schema that the provider answers."""

    key: ProviderKey
    schema: ProviderSchema

    @property
    def digest(self) -> str:
        """What tells the configuration from every other one."""
        return self.key.digest

    @property
    def is_aws(self) -> bool:
        """Whether it is the AWS provider."""
        return self.key.installed.source in _AWS

    def called(self, type_name: str) -> str:
        """Return `type_name`: the words of the table are Terraform's."""
        return type_name

    def spelled(self, name: str, value: Value) -> tuple[str, Value]:
        """Return both as they are: Terraform's spelling is that of the table."""
        return name, value

    def settable(self, type_name: str) -> frozenset[str]:
        """Return the attributes and blocks that code may set."""
        schema = self.schema.resource(type_name)
        if schema is None:
            return frozenset()
        block = schema.block
        settable = (
            n
            for n, attribute in block.attributes.items()
            if attribute.required or attribute.optional
        )
        return frozenset((*settable, *block.blocks))

    def types_below(self, type_name: str) -> Iterable[str]:
        """Return the types named after a type, or with an attribute named like it."""
        names = self.schema.type_names
        if len(names) > _MOST_TYPES_READ:
            return self.schema.types_below.get(type_name, ())
        word = type_name.rsplit("_", maxsplit=1)[-1]
        return [name for name in names - {type_name} if word in self.settable(name)]

    def secrets_of(self, type_name: str) -> SecretPaths | None:
        """Return the places that the schema flags."""
        schema = self.schema.resource(type_name)
        return None if schema is None else secrets_of(schema, ())


def managed_of(stack: LoadedStack) -> Mapping[ResourceAddress, Managed]:
    """Return every resource of `stack` as questions know it."""
    return {address: _managed(resource) for address, resource in stack.resources.items()}


def _managed(resource: LoadedResource) -> Managed:
    recorded, schema = resource.recorded, resource.schema
    provider = None
    if resource.provider is not None and schema is not None and _exists(resource):
        provider = SchemaProvider(resource.provider, schema)
    return Managed(
        address=recorded.address,
        type=recorded.type,
        status=recorded.status,
        read=partial(_attributes_of, resource),
        dependencies=recorded.dependencies,
        provider=provider,
    )


def _exists(resource: LoadedResource) -> bool:
    return resource.instance is not None and resource.wire is not None


def _attributes_of(resource: LoadedResource) -> dict[str, Any]:
    """Return the recorded attributes; empty where a state of old holds them flat."""
    instance = resource.instance
    if instance is None or instance.attributes_json is None:
        return {}
    attributes: dict[str, Any] = orjson.loads(instance.attributes_json)
    return attributes
