"""What the recorder answers by itself, so that core need not wait for a provider.

Validation answers carry only diagnostics that an apply would print again; the schema
is cut down to the types in use, since core spends seconds on decoding all of it.
Measured on Terraform 1.11: the plan comes out the same.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from enum import Enum, auto
from typing import Final

from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import Rpc

VALIDATING: Final = frozenset({Rpc.VALIDATE_RESOURCE, Rpc.VALIDATE_DATA, Rpc.VALIDATE_EPHEMERAL})
EMPTY_ANSWERS: Final = VALIDATING | {Rpc.PREPARE_CONFIG, Rpc.STOP}


class Validation(Enum):
    """Whether a configured provider is asked to validate what it plans, and who learns of it."""

    NONE = auto()
    NOTED = auto()
    """The tool is not told: it would go no further, and what depends on it were not seen."""
    TOLD = auto()


def filter_schema(raw: bytes, *, types: AbstractSet[str] | None) -> bytes:
    """Keep only `types` of a raw schema answer; all of it when `types` is None.

    Provider block, provider_meta, functions and capabilities always stay.
    """
    if types is None:
        return raw
    schema = message("GetSchemaResponse").FromString(raw)
    maps = (
        schema.resource_schemas,
        schema.data_source_schemas,
        schema.ephemeral_resource_schemas,
        schema.list_resource_schemas,
        schema.action_schemas,
    )
    for schemas in maps:
        for name in [name for name in schemas if name not in types]:
            del schemas[name]
    answer: bytes = schema.SerializeToString()
    return answer
