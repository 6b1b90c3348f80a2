"""The secret words of a Terraform stack: in its state, in its code and in the environment."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

import orjson

from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.masking import secrets_of
from iac_adapters.terraform.schema import Block, ResourceSchema
from iac_adapters.terraform.values import decode
from iac_adapters.unspoken import Unspoken, unspoken_words
from reconciler.domain.values import Value

_WITHOUT_SCHEMA: Final = ResourceSchema(version=0, block=Block())


def unspoken_of(resources: Iterable[LoadedResource], environment: Mapping[str, str]) -> Unspoken:
    """Return the secret words in recorded values, in the code's values and in `environment`."""
    words = {word for resource in resources for word in _words_of(resource)}
    return unspoken_words(words, environment)


def _words_of(resource: LoadedResource) -> Iterator[str]:
    instance, wire = resource.instance, resource.wire
    if instance is None:
        return
    known = resource.schema.resource(instance.type) if resource.schema is not None else None
    if known is not None and not (instance.sensitive_paths or has_secrets(known.block)):
        return
    values: list[Value] = []
    if instance.attributes_json is not None:
        values.append(orjson.loads(instance.attributes_json))
    if wire is not None and wire.config is not None and known is not None:
        values.append(decode(wire.config, known))
    secrets = secrets_of(known or _WITHOUT_SCHEMA, instance.sensitive_paths)
    yield from secrets.with_words_of(values).words


def has_secrets(block: Block) -> bool:
    """Whether the schema itself marks anything in `block` as secret."""
    return any(
        attribute.sensitive
        or attribute.write_only
        or (attribute.nested is not None and has_secrets(attribute.nested.block))
        for attribute in block.attributes.values()
    ) or any(has_secrets(nested.block) for nested in block.blocks.values())
