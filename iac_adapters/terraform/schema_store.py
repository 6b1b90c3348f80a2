"""Provider schemas, kept on disk: 5 MB that take a second to ask for.

A schema depends on the plugin and on where it runs: a provider of SDKv2 that takes an
argument's default from a variable calls it required as long as that is unset. So the answer
is known by plugin, environment and directory; equal answers are kept once.
Source: coreConfigSchemaAttribute in helper/schema/core_schema.go of terraform-plugin-sdk.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeAlias
from weakref import WeakValueDictionary

from iac_adapters.terraform.installed import InstalledProvider
from iac_adapters.terraform.protocol import PROTOCOLS
from iac_adapters.terraform.provider import Provider
from iac_adapters.terraform.schema_answer import FiledAnswer, HeldAnswer, ProviderSchema
from iac_adapters.terraform.schema_places import SchemaPlaces, decoded, places_in

_KEPT: Final = ".schema"
_MEANT: Final = ".meant"
_PLACES: Final = ".places"
_MOST: Final = {_MEANT: 4096, _KEPT: 64, _PLACES: 64}
_DIGEST: Final = re.compile(r"[0-9a-f]{64}")


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
            kept = FiledAnswer(self._folder / f"{digest}{_KEPT}", skip=1)
            protocol = next(iter(kept.head), None)
            places = self._places(digest, kept) if protocol in PROTOCOLS else None
        except OSError:
            return None
        return ProviderSchema(protocol, kept, places) if protocol and places else None

    def _places(self, digest: str, kept: FiledAnswer) -> SchemaPlaces | None:
        """Return where each type lies; None of an answer that is not whole."""
        with contextlib.suppress(OSError):
            known = decoded((self._folder / f"{digest}{_PLACES}").read_bytes())
            # Cut short by a full disk, the answer would say that types do not exist.
            if known is not None and known.size == kept.size:
                return known
        content = kept.read()
        if hashlib.sha256(kept.head + content).hexdigest() != digest:
            return None
        places = places_in(content)
        with contextlib.suppress(OSError):  # a full disk: they are found again
            self._write(f"{digest}{_PLACES}", places.encoded())
        return places

    async def _ask(self, installed: InstalledProvider, name: str) -> tuple[str, ProviderSchema]:
        provider = await self._start(installed)
        try:
            protocol, raw = provider.protocol, await provider.schema_bytes()
        finally:
            await provider.close()
        digest = self._store(name, bytes([protocol]) + raw)
        return digest, self._load(digest) or ProviderSchema(protocol, HeldAnswer(raw))

    def _store(self, name: str, data: bytes) -> str:
        digest = hashlib.sha256(data).hexdigest()
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._holds(digest):
            self._write(f"{digest}{_KEPT}", data)
        self._write(f"{name}{_MEANT}", digest.encode())
        self._drop_oldest()
        return digest

    def _holds(self, digest: str) -> bool:
        """Whether the answer of that digest lies there, byte by byte."""
        try:
            content = (self._folder / f"{digest}{_KEPT}").read_bytes()
        except OSError:
            return False
        return hashlib.sha256(content).hexdigest() == digest

    def _write(self, name: str, data: bytes) -> None:
        temporary = self._folder / f"{name}.{os.getpid()}"
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            # Places are read without a look at the whole: a power cut may not leave zeros there.
            os.fsync(file.fileno())
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
