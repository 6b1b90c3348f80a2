"""Write-only values: terraform promises to keep them nowhere, and so do we.

They stand in plain text in every configuration that core sends to a provider.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from iac_adapters.terraform.ignored import null_write_only
from iac_adapters.terraform.recorder.capture import ConnectionCapture
from iac_adapters.terraform.schema import Block, ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.values import decode, encode


def drop_write_only(
    captures: Iterable[ConnectionCapture], schemas: Mapping[str, ProviderSchema]
) -> None:
    """Null the write-only values of all captured configurations.

    Raises:
        PermanentError: a configuration does not fit its schema.
    """
    for capture in captures:
        schema = schemas[capture.source]
        capture.plans[:] = [
            replace(call, config=_cleaned(call.config, schema.resource(call.type_name)))
            for call in capture.plans
        ]
        capture.validations[:] = [
            replace(call, config=_cleaned(call.config, schema.resource(call.type_name)))
            for call in capture.validations
        ]


def _cleaned(config: bytes, schema: ResourceSchema | None) -> bytes:
    if schema is None or not _has_write_only(schema.block):
        return config
    values = decode(config, schema)
    return config if values is None else encode(null_write_only(schema, values), schema)


def _has_write_only(block: Block) -> bool:
    if any(attribute.write_only for attribute in block.attributes.values()):
        return True
    nested = [
        attribute.nested for attribute in block.attributes.values() if attribute.nested is not None
    ]
    return any(_has_write_only(inner.block) for inner in (*nested, *block.blocks.values()))
