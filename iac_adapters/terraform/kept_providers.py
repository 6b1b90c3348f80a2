"""The provider configurations a stack's objects were last found with, kept encrypted.

Code is edited before it is applied. Until then the objects stand where the last applied
configuration put them, and this is the only memory of it: a state file does not hold it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import msgpack

from iac_adapters.sealed_files import SealedFiles
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.provider_settings import ProviderSettings

_FORMAT: Final = 1
_MOST: Final = 16_384
_MOST_BYTES: Final = 256 * 2**20


@dataclass(frozen=True, slots=True, repr=False)
class KeptProviders:
    """Settings by the label of the provider configuration, and the state's serial then."""

    settings: Mapping[str, ProviderSettings] = field(default_factory=dict)
    serials: Mapping[str, int] = field(default_factory=dict)


class ProviderMemory:
    """Kept configurations by stack. What cannot be read was never kept."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self._key = key
        self._files = SealedFiles(
            folder,
            key=key,
            purpose="trueup provider configurations",
            suffix=".providers",
            most=_MOST,
            most_bytes=_MOST_BYTES,
        )
        self._known: dict[str, KeptProviders] = {}

    def name(self, context: Context) -> str | None:
        """Name the objects of a state, wherever the code is checked out; None without a state."""
        if not context.state.lineage:
            return None
        parts = f"{context.state.lineage}\n{context.workspace}"
        return hmac.digest(self._key, parts.encode(), hashlib.sha256).hex()

    def load(self, name: str | None) -> KeptProviders:
        """Return what is kept under `name`; nothing when that cannot be had."""
        if name is None:
            return KeptProviders()
        content = self._files.load(name)
        if content is None:
            return self._known.get(name, KeptProviders())
        try:
            return _unpack(content)
        except (ValueError, TypeError, KeyError, AttributeError):
            return KeptProviders()

    def store(self, name: str, kept: KeptProviders) -> None:
        """Keep `kept` under `name`. Raises OSError; memory alone holds it then."""
        self._known[name] = kept
        self._files.store(name, _pack(kept))


def _pack(kept: KeptProviders) -> bytes:
    packed: bytes = msgpack.packb(
        {
            "format": _FORMAT,
            "settings": {
                label: (one.configure, dict(one.environment))
                for label, one in kept.settings.items()
            },
            "serials": dict(kept.serials),
        }
    )
    return packed


def _unpack(data: bytes) -> KeptProviders:
    content: dict[str, Any] = msgpack.unpackb(data)
    if content["format"] != _FORMAT:
        message = "kept by another release"
        raise ValueError(message)
    return KeptProviders(
        settings={
            label: ProviderSettings(configure, environment)
            for label, (configure, environment) in content["settings"].items()
        },
        serials={label: int(serial) for label, serial in content["serials"].items()},
    )
