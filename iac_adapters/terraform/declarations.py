"""Each resource's declared form, as the code evaluates; secrets as keyed digests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

import orjson

from iac_adapters.json_values import json_value
from iac_adapters.redaction.digester import SecretDigester
from iac_adapters.terraform.exact_json import exact_loads
from iac_adapters.terraform.loaded import LoadedResource
from iac_adapters.terraform.redaction import secrets_of
from iac_adapters.terraform.schema import Attribute, Block, ResourceSchema
from iac_adapters.terraform.values import decode
from reconciler.domain.model import Status
from reconciler.domain.values import Sensitive, Value
from reconciler.ports import Declaration

_DECLARED: Final = frozenset({Status.LIVE, Status.TAINTED, Status.NOT_APPLICABLE})
_WITHOUT_SCHEMA: Final = ResourceSchema(version=0, block=Block())


def declarations_of(
    resources: Iterable[LoadedResource], *, digester: SecretDigester
) -> Iterator[Declaration]:
    """Yield the declared form of each resource that exists and that the code declares.

    Where no recording tells how the code evaluates, it is what was recorded of the
    arguments it may set.
    """
    for resource in resources:
        instance = resource.instance
        if instance is None or resource.recorded.status not in _DECLARED:
            continue
        known = resource.schema.resource(instance.type) if resource.schema is not None else None
        schema = known or _WITHOUT_SCHEMA
        values = _declared(resource, known)
        secrets = secrets_of(schema, resource.secret_paths).with_words_of((values,))
        redacted, _ = secrets.redacted(values, (), digester)
        definition = json_value(redacted)
        yield Declaration(
            address=resource.recorded.address,
            type=resource.recorded.type,
            definition=definition if isinstance(definition, dict) else {"value": definition},
            baseline_hash=_baseline(resource, digester),
        )


def _declared(resource: LoadedResource, schema: ResourceSchema | None) -> Value:
    wire, instance = resource.wire, resource.instance
    assert instance is not None  # noqa: S101 - the caller checks
    if wire is not None and wire.config is not None and schema is not None:
        return decode(wire.config, schema)
    if instance.attributes_json is None:
        flat: dict[str, Value] = {**(instance.attributes_flat or {})}
        return flat
    recorded: Value = exact_loads(instance.attributes_json)
    if schema is None or not isinstance(recorded, dict):
        return recorded
    return {name: value for name, value in recorded.items() if _settable(schema.block, name)}


def _settable(block: Block, name: str) -> bool:
    attribute: Attribute | None = block.attributes.get(name)
    return name in block.blocks or (
        attribute is not None and (attribute.required or attribute.optional)
    )


def _baseline(resource: LoadedResource, digester: SecretDigester) -> str:
    instance = resource.instance
    assert instance is not None  # noqa: S101 - the caller checks
    recorded = instance.attributes_json
    if recorded is None:
        recorded = orjson.dumps(dict(instance.attributes_flat or {}), option=orjson.OPT_SORT_KEYS)
    digest = digester.digest(recorded.decode())
    assert isinstance(digest, Sensitive)  # noqa: S101 - text always gives a digest
    return digest.digest
