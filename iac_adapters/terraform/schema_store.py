"""Provider schemas, kept on disk by plugin binary: 5 MB that take a second to ask for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, TypeAlias
from weakref import WeakValueDictionary

from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import PROTOCOLS
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.schema import ResourceSchema


@dataclass(frozen=True)
class ProviderSchema:
    """One provider's raw schema answer; types are decoded one by one, when asked for."""

    protocol: int
    raw: bytes = field(repr=False)

    @cached_property
    def _answer(self) -> Any:
        return message("GetSchemaResponse").FromString(self.raw)

    @cached_property
    def _parsed(self) -> dict[str, ResourceSchema]:
        return {}

    @cached_property
    def configuration(self) -> ResourceSchema:
        """The schema of the provider's own configuration."""
        return ResourceSchema.parse(self._answer.provider, protocol=self.protocol)

    def resource(self, type_name: str) -> ResourceSchema | None:
        """Return the schema of `type_name`, or None when the provider does not know it."""
        if type_name not in self._parsed:
            schemas = self._answer.resource_schemas
            if type_name not in schemas:
                return None
            self._parsed[type_name] = ResourceSchema.parse(
                schemas[type_name], protocol=self.protocol
            )
        return self._parsed[type_name]


# Only what a stack in memory holds on to: a schema takes more memory than a stack does.
SchemasInUse: TypeAlias = "WeakValueDictionary[str, ProviderSchema]"


class SchemaStore:
    """Schemas by plugin binary: in memory, else on disk, else asked of the plugin once.

    Stores that are given the same `in_use` share what they know.
    """

    def __init__(
        self,
        folder: Path,
        *,
        start: Callable[[InstalledProvider], Awaitable[Provider]],
        in_use: SchemasInUse | None = None,
    ) -> None:
        self._folder = folder
        self._start = start
        self._in_use: SchemasInUse = WeakValueDictionary() if in_use is None else in_use
        self._known: dict[str, ProviderSchema] = {}
        self._asking = asyncio.Lock()

    async def schema(self, installed: InstalledProvider) -> ProviderSchema:
        """Return the provider's whole schema; a plugin is started only on a first meeting."""
        identity = installed.identity
        async with self._asking:
            if identity not in self._known:
                known = self._in_use.get(identity) or self._load(identity)
                schema = known or await self._ask(installed)
                self._known[identity] = self._in_use.setdefault(identity, schema)
            return self._known[identity]

    def _path(self, identity: str) -> Path:
        return self._folder / f"{identity}.schema"

    def _load(self, identity: str) -> ProviderSchema | None:
        try:
            data = self._path(identity).read_bytes()
        except OSError:
            return None
        if not data or data[0] not in PROTOCOLS:
            return None
        return ProviderSchema(protocol=data[0], raw=data[1:])

    async def _ask(self, installed: InstalledProvider) -> ProviderSchema:
        provider = await self._start(installed)
        try:
            schema = ProviderSchema(provider.protocol, await provider.schema_bytes())
        finally:
            await provider.close()
        self._store(installed.identity, schema)
        return schema

    def _store(self, identity: str, schema: ProviderSchema) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        temporary = self._path(identity).with_suffix(f".{os.getpid()}")
        temporary.write_bytes(bytes([schema.protocol]) + schema.raw)
        temporary.replace(self._path(identity))
