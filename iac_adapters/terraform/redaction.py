"""What is secret in a Terraform stack: places of a resource, and words of the whole stack."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import orjson

from iac_adapters.redaction.secret_paths import SecretPaths
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.schema import Block, ResourceSchema
from iac_adapters.terraform.values import decode
from reconciler.domain.compare import starts_with
from reconciler.domain.paths import Steps
from reconciler.domain.values import Value

_WITHOUT_SCHEMA: Final = ResourceSchema(version=0, block=Block())


def secrets_of(schema: ResourceSchema, paths: tuple[Steps, ...]) -> SecretPaths:
    """Return the places that `schema` flags and those that the state marks by `paths`."""

    def boundary(steps: Steps) -> Steps | None:
        marked = [len(path) for path in paths if starts_with(steps, path)]
        flagged = [
            depth
            for depth, attribute in schema.attributes_along(steps)
            if attribute.sensitive or attribute.write_only
        ]
        return steps[: min(marked + flagged)] if marked or flagged else None

    return SecretPaths(boundary)


def resource_words(resource: LoadedResource) -> Iterator[str]:
    """Yield the texts that stand in the secret places of a resource, recorded or declared."""
    instance, wire = resource.instance, resource.wire
    if instance is None:
        return
    known = resource.schema.resource(instance.type) if resource.schema is not None else None
    if known is not None and not (resource.secret_paths or has_secrets(known.block)):
        return
    values: list[Value] = []
    if instance.attributes_json is not None:
        values.append(orjson.loads(instance.attributes_json))
    if wire is not None and wire.config is not None and known is not None:
        values.append(decode(wire.config, known))
    secrets = secrets_of(known or _WITHOUT_SCHEMA, resource.secret_paths)
    yield from secrets.with_words_of(values).words


def has_secrets(block: Block) -> bool:
    """Whether the schema itself marks anything in `block` as secret."""
    return any(
        attribute.sensitive
        or attribute.write_only
        or (attribute.nested is not None and has_secrets(attribute.nested.block))
        for attribute in block.attributes.values()
    ) or any(has_secrets(nested.block) for nested in block.blocks.values())
