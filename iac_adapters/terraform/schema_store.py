"""Provider schemas, kept on disk: 5 MB that take a second to ask for.

A schema depends on the plugin and on where it runs: a provider of SDKv2 that takes an
argument's default from a variable calls it required as long as that is unset. So the answer
is known by plugin, environment and directory; equal answers are kept once.
Source: coreConfigSchemaAttribute in helper/schema/core_schema.go of terraform-plugin-sdk.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final, TypeAlias
from weakref import WeakValueDictionary

from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.messages import message
from iac_adapters.terraform.protocol import PROTOCOLS
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.schema import ResourceSchema

_KEPT: Final = ".schema"
_MEANT: Final = ".meant"
_MOST: Final = {_MEANT: 4096, _KEPT: 64}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


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

    @cached_property
    def type_names(self) -> frozenset[str]:
        """The resource types that the provider knows."""
        return frozenset(self._answer.resource_schemas)

    @cached_property
    def _parsed_data(self) -> dict[str, ResourceSchema]:
        return {}

    def data_source(self, type_name: str) -> ResourceSchema | None:
        """Return the schema of a data source, or None when the provider does not know it."""
        if type_name not in self._parsed_data:
            schemas = self._answer.data_source_schemas
            if type_name not in schemas:
                return None
            self._parsed_data[type_name] = ResourceSchema.parse(
                schemas[type_name], protocol=self.protocol
            )
        return self._parsed_data[type_name]

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
    """Schemas of the plugins of one place: in memory, else on disk, else asked for once.

    `place` is a digest of the environment and the directory that `start` starts them in.
    Stores that are given the same `in_use` share what they know.
    """

    def __init__(
        self,
        folder: Path,
        *,
        place: str,
        start: Callable[[InstalledProvider], Awaitable[Provider]],
        in_use: SchemasInUse | None = None,
    ) -> None:
        self._folder = folder
        self._place = place
        self._start = start
        self._in_use: SchemasInUse = WeakValueDictionary() if in_use is None else in_use
        self._known: dict[str, ProviderSchema] = {}
        self._asking = asyncio.Lock()

    async def schema(self, installed: InstalledProvider) -> ProviderSchema:
        """Return the provider's whole schema; a plugin is started only on a first meeting."""
        name = hashlib.sha256(f"{installed.identity} {self._place}".encode()).hexdigest()[:32]
        async with self._asking:
            if name not in self._known:
                digest = self._digest(name)
                schema = None if digest is None else self._load(digest)
                if digest is None or schema is None:
                    digest, schema = await self._ask(installed, name)
                self._known[name] = self._in_use.setdefault(digest, schema)
            return self._known[name]

    def _digest(self, name: str) -> str | None:
        """Return which schema `name` stands for, as the last answer said."""
        try:
            digest = (self._folder / f"{name}{_MEANT}").read_text()
        except (OSError, UnicodeDecodeError):
            return None
        return digest if _DIGEST.fullmatch(digest) else None

    def _load(self, digest: str) -> ProviderSchema | None:
        if (known := self._in_use.get(digest)) is not None:
            return known
        try:
            data = (self._folder / f"{digest}{_KEPT}").read_bytes()
        except OSError:
            return None
        # Cut short by a full disk, it would say that types do not exist.
        if hashlib.sha256(data).hexdigest() != digest or data[0] not in PROTOCOLS:
            return None
        return ProviderSchema(protocol=data[0], raw=data[1:])

    async def _ask(self, installed: InstalledProvider, name: str) -> tuple[str, ProviderSchema]:
        provider = await self._start(installed)
        try:
            schema = ProviderSchema(provider.protocol, await provider.schema_bytes())
        finally:
            await provider.close()
        return self._store(name, schema), schema

    def _store(self, name: str, schema: ProviderSchema) -> str:
        data = bytes([schema.protocol]) + schema.raw
        digest = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True)
        if self._load(digest) is None:
            self._write(f"{digest}{_KEPT}", data)
        self._write(f"{name}{_MEANT}", digest.encode())
        self._drop_oldest()
        return digest

    def _write(self, name: str, data: bytes) -> None:
        temporary = self._folder / f"{name}.{os.getpid()}"
        temporary.write_bytes(data)
        temporary.replace(self._folder / name)

    def _drop_oldest(self) -> None:
        """Drop what directories that are gone have left; whatever is missed is asked anew."""
        for suffix, most in _MOST.items():
            files = sorted(self._folder.glob(f"*{suffix}"), key=_changed_ns, reverse=True)
            for file in files[most:]:
                file.unlink(missing_ok=True)


def _changed_ns(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:  # another process may drop it too
        return 0
