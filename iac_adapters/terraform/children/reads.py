"""Children through a warm Terraform provider: by import and read, or by a data source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from iac_adapters.children.answers import unless_absent
from iac_adapters.terraform.loaded import ProviderKey
from iac_adapters.terraform.messages import NULL, message
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.reader import TerraformReader
from iac_adapters.terraform.schema import Nesting, ResourceSchema
from iac_adapters.terraform.schema_answer import ProviderSchema
from iac_adapters.terraform.values import decode, encode
from reconciler.domain.errors import PermanentError
from reconciler.domain.values import Attributes, Value


@dataclass(frozen=True, slots=True)
class TerraformReads:
    """Implements `children.managed.ChildReads`."""

    reader: TerraformReader
    key: ProviderKey
    schema: ProviderSchema

    async def imported(
        self, type_name: str, identity: str, *, timeout_s: float
    ) -> Attributes | None:
        """Return the object that an import and a read of it find; None where there is none."""
        schema = self.schema.resource(type_name)
        if schema is None:
            raise PermanentError(f"this version of the provider has no {type_name}")
        return await self.reader.ask(
            self.key,
            lambda provider: unless_absent(
                _read(provider, type_name, identity, schema, timeout_s=timeout_s)
            ),
        )

    async def data(
        self, source: str, arguments: Mapping[str, Value], *, timeout_s: float
    ) -> Attributes | None:
        """Return what a data source answers; None where it finds nothing."""
        schema = self.schema.data_source(source)
        if schema is None:
            raise PermanentError(f"this version of the provider has no data source {source}")
        request = message("ReadDataRequest")(type_name=source)
        request.config.msgpack = encode({**_empty(schema), **arguments}, schema)
        state = await self.reader.ask(
            self.key,
            lambda provider: unless_absent(
                provider.read_data(request.SerializeToString(), timeout_s=timeout_s)
            ),
        )
        return None if state is None else decode(state, schema)


async def _read(
    provider: Provider,
    type_name: str,
    identity: str,
    schema: ResourceSchema,
    *,
    timeout_s: float,
) -> Attributes | None:
    imported = await provider.import_state(type_name, identity, timeout_s=timeout_s)
    own = next((candidate for candidate in imported if candidate.type_name == type_name), None)
    if own is None or own.state == NULL:
        return None
    answer = await provider.read(
        type_name, own.state, own.private, provider_meta=None, timeout_s=timeout_s
    )
    return decode(answer.state, schema)


def _empty(schema: ResourceSchema) -> Attributes:
    """Return a configuration that says nothing."""
    block = schema.block
    values: Attributes = dict.fromkeys(block.attributes)
    for name, nested in block.blocks.items():
        match nested.nesting:
            case Nesting.LIST | Nesting.SET:
                values[name] = []
            case Nesting.MAP:
                values[name] = {}
            case _:
                values[name] = None
    return values
