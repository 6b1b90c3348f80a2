"""What no state file holds of a stack: how its objects were found. Kept encrypted.

Code is edited before it is applied. Until then the objects stand where the last applied
provider configuration put them. And a failed apply writes into the state what it refreshed:
afterwards only this memory knows what the last good apply had recorded.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass, field, replace
from pathlib import Path
from typing import Any, Final, TypeAlias

import msgpack

from iac_adapters.sealed_files import SealedFiles
from iac_adapters.sealed_memory import SealedMemory
from iac_adapters.terraform.context import Context
from iac_adapters.terraform.provider_settings import ProviderSettings

_FORMAT: Final = 4
_WITHOUT_FILES: Final = 3
_READ_WITHIN_S: Final = 120.0
_MOST: Final = 16_384
_MOST_BYTES: Final = 256 * 2**20


@dataclass(frozen=True, slots=True, repr=False)
class SeenDrift:
    """One object that had drifted: what was recorded, declared and there, msgpack.

    `live` is nil where it was gone. `code` is the digest of the code it was seen with, and
    `provider` the label of its provider configuration.
    """

    recorded: bytes
    config: bytes | None
    live: bytes
    code: str
    provider: str


@dataclass(frozen=True, slots=True, repr=False)
class Remembered:
    """Settings by the label of the provider configuration, and the state's serial then.

    `drifts` holds by address what had drifted when it was last seen. `failing` is when a run of
    ours failed (seconds of the clock), until the next load; `failed` the serial it left. A state
    of any other serial was written by somebody else, and what it records counts.
    """

    settings: Mapping[str, ProviderSettings] = field(default_factory=dict)
    serials: Mapping[str, int] = field(default_factory=dict)
    drifts: Mapping[str, SeenDrift] = field(default_factory=dict)
    failing: float | None = None
    failed: int | None = None

    def after_failure(self, serial: int | None, *, now_s: float) -> Remembered:
        """Return what holds once the state that a failed run of ours left is read.

        It is read within seconds of the failure. What is read later may be somebody's apply.
        """
        if self.failing is None:
            return self
        own = 0 <= now_s - self.failing <= _READ_WITHIN_S
        return replace(self, failing=None, failed=serial if own else None)


def stack_memory_name(context: Context, *, key: bytes) -> str | None:
    """Name the objects of a state, wherever the code is checked out; None without a state."""
    if not context.state.lineage:
        return None
    parts = f"{context.state.lineage}\n{context.workspace}"
    return hmac.digest(key, parts.encode(), hashlib.sha256).hex()


StackMemory: TypeAlias = SealedMemory[Remembered]


def stack_memory(folder: Path, *, key: bytes) -> StackMemory:
    """Return what is remembered of stacks below `folder`, by `stack_memory_name`."""
    files = SealedFiles(
        folder,
        key=key,
        purpose="trueup memory of a stack",
        suffix=".stack",
        most=_MOST,
        most_bytes=_MOST_BYTES,
    )
    return SealedMemory(files, _pack, _unpack, Remembered())


def _pack(kept: Remembered) -> bytes:
    packed: bytes = msgpack.packb(
        {
            "format": _FORMAT,
            "settings": {
                label: (
                    setting.configure,
                    dict(setting.environment),
                    dict(setting.identity),
                    setting.hidden,
                )
                for label, setting in kept.settings.items()
            },
            "serials": dict(kept.serials),
            "drifts": {address: astuple(drift) for address, drift in kept.drifts.items()},
            "failing": kept.failing,
            "failed": kept.failed,
        }
    )
    return packed


def _unpack(data: bytes) -> Remembered:
    content: dict[str, Any] = msgpack.unpackb(data)
    if content["format"] == _WITHOUT_FILES:
        # It knew no profile that a block names, and would take each for another place.
        content = {**content, "settings": {}, "serials": {}}
    elif content["format"] != _FORMAT:
        message = "kept by another release"
        raise ValueError(message)
    return Remembered(
        settings={label: _settings(*fields) for label, fields in content["settings"].items()},
        serials={label: int(serial) for label, serial in content["serials"].items()},
        drifts={address: SeenDrift(*fields) for address, fields in content["drifts"].items()},
        failing=content["failing"],
        failed=content["failed"],
    )


def _settings(
    configure: bytes,
    environment: Mapping[str, str],
    identity: Mapping[str, str],
    hidden: Sequence[str] | None = None,
) -> ProviderSettings:
    known = None if hidden is None else tuple(hidden)
    return ProviderSettings(configure, environment, identity, known)
