"""What a bridged provider calls the types of the Terraform provider behind it.

The bridge tells it by `GetMapping`, 10 MB for AWS of which the names are kept. Nothing in them is
secret. Source: pkg/tfbridge/info (MarshallableProviderInfo) of pulumi-terraform-bridge 3.136.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import orjson

from iac_adapters.freed_memory import give_back_memory
from iac_adapters.plugin_host.file_identity import identity_of
from iac_adapters.pulumi.provider_config import ProviderKey, Providers
from reconciler.domain.errors import PermanentError

_FORMAT: Final = 1
_DEADLINE_S: Final = 60.0
_MOST: Final = 64
_RENAMED: Final = "_legacy"


@dataclass(frozen=True)
class Tokens:
    """The tokens of resources and of data sources, by Terraform's names."""

    resources: Mapping[str, str]
    data: Mapping[str, str]

    @cached_property
    def types(self) -> Mapping[str, str]:
        """Terraform's names of resources, by token."""
        return {token: self._own_name(name) for name, token in self.resources.items()}

    @cached_property
    def _below(self) -> Mapping[str, list[str]]:
        below: dict[str, list[str]] = {}
        for name in self.resources:
            if self._own_name(name) != name:
                continue
            owner = name
            while "_" in owner:
                owner = owner.rsplit("_", maxsplit=1)[0]
                if owner in self.resources:
                    below.setdefault(owner, []).append(name)
                    break
        return below

    def _own_name(self, name: str) -> str:
        """Return Terraform's name of what a bridge lists as `name`.

        A token of before a renaming is listed as `aws_s3_bucket_legacy` beside `aws_s3_bucket`.
        """
        own = name.removesuffix(_RENAMED)
        return own if own in self.resources else name

    def below(self, type_name: str) -> Iterable[str]:
        """Return the types whose name goes on from `type_name`."""
        return self._below.get(type_name, ())


class KnownTokens:
    """Tokens by provider, kept between processes."""

    def __init__(self, folder: Path, providers: Providers) -> None:
        self._folder = folder
        self._providers = providers
        self._known: dict[str, Tokens] = {}

    async def of(self, key: ProviderKey) -> Tokens:
        """Return the tokens of a provider; its plugin is asked on a first meeting.

        Raises:
            ReconcilerError: it does not tell them.
        """
        name = _name(key)
        if name not in self._known:
            kept = await asyncio.to_thread(self._load, name)
            self._known[name] = kept or await self._asked(key, name)
        return self._known[name]

    async def _asked(self, key: ProviderKey, name: str) -> Tokens:
        provider = await self._providers.get(key)
        content = await provider.mapping(timeout_s=_DEADLINE_S)
        tokens = await asyncio.to_thread(_read, content)
        with contextlib.suppress(OSError):  # a full disk: it is asked again
            await asyncio.to_thread(self._store, name, tokens)
        return tokens

    def _load(self, name: str) -> Tokens | None:
        try:
            return _unpacked(orjson.loads((self._folder / f"{name}.tokens").read_bytes()))
        except (OSError, ValueError, TypeError, KeyError, AttributeError):
            return None

    def _store(self, name: str, tokens: Tokens) -> None:
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        packed = {
            "format": _FORMAT,
            "resources": dict(tokens.resources),
            "data": dict(tokens.data),
        }
        temporary = self._folder / f"{name}.{os.getpid()}"
        temporary.write_bytes(orjson.dumps(packed))
        temporary.replace(self._folder / f"{name}.tokens")
        kept = sorted(self._folder.glob("*.tokens"), key=_changed_ns, reverse=True)
        for file in kept[_MOST:]:
            file.unlink(missing_ok=True)


def _name(key: ProviderKey) -> str:
    """Return what tells the program and its parameter from others, whatever it is told."""
    try:
        program = str(identity_of(key.argv[0])) if key.argv else ""
    except OSError:
        program = ""
    parts = (program, key.package, key.version or "", (key.parameter or b"").hex())
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def _read(content: bytes) -> Tokens:
    try:
        document = orjson.loads(content)
        tokens = Tokens(_tokens(document["resources"]), _tokens(document["dataSources"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise PermanentError("its provider does not tell what its types are called") from error
    del document
    give_back_memory()
    return tokens


def _tokens(entries: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {name: str(entry["tok"]) for name, entry in entries.items()}


def _unpacked(packed: dict[str, Any]) -> Tokens | None:
    if packed["format"] != _FORMAT:
        return None
    return Tokens(dict(packed["resources"].items()), dict(packed["data"].items()))


def _changed_ns(file: Path) -> int:
    try:
        return file.stat().st_mtime_ns
    except FileNotFoundError:  # another process may drop it too
        return 0
