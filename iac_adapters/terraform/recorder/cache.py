"""Recordings on disk, encrypted with a key derived from the instance key.

A cache that cannot be read is a cache miss, never an error: the plan can be recorded
again at any time.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import astuple
from pathlib import Path
from typing import Any, Final

import msgpack
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from iac_adapters.terraform.recorder.capture import DataRead
from iac_adapters.terraform.recorder.recording import (
    RecordedConnection,
    RecordedInstance,
    Recording,
)

_FORMAT: Final = 2
_NONCE_BYTES: Final = 12
_KEPT: Final = 4096
_KEPT_BYTES: Final = 512 * 2**20
_TOUCHED_EVERY_S: Final = 3600.0


class RecordingCache:
    """Recordings by the digest of all that they depend on."""

    def __init__(self, folder: Path, *, key: bytes) -> None:
        self._folder = folder
        self._cipher = AESGCM(hmac.digest(key, b"trueup recording cache", hashlib.sha256))

    def load(self, digest: str) -> Recording | None:
        """Return the recording made under `digest`, or None when there is none to be had."""
        try:
            sealed = self._path(digest).read_bytes()
            data = self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], digest.encode()
            )
            recording = _unpack(data)
        except (OSError, InvalidTag, ValueError, TypeError, KeyError):
            return None
        self._touch(self._path(digest))
        return recording

    def store(self, digest: str, recording: Recording) -> None:
        """Keep `recording` under `digest`, mode 0600.

        The longest unused go when there are more than 4096, or more than 512 MiB of them.
        """
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, _pack(recording), digest.encode())
        path = self._path(digest)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
        temporary.replace(path)
        self._drop_unused()

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.recording"

    def _touch(self, path: Path) -> None:
        """Note that it was used, now and then: that keeps it from being dropped."""
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _TOUCHED_EVERY_S:
                os.utime(path)

    def _drop_unused(self) -> None:
        size = 0
        for number, (_, own, path) in enumerate(sorted(self._files(), reverse=True)):
            size += own
            if number and (number >= _KEPT or size > _KEPT_BYTES):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each was last used, how large it is, and where."""
        for path in self._folder.glob("*.recording"):
            with contextlib.suppress(FileNotFoundError):  # another process may drop it too
                status = path.stat()
                yield status.st_mtime, status.st_size, path


def _pack(recording: Recording) -> bytes:
    packed: bytes = msgpack.packb(
        {
            "format": _FORMAT,
            "connections": [astuple(c) for c in recording.connections],
            "instances": {key: astuple(value) for key, value in recording.instances.items()},
            "data_reads": [(index, read.request, read.state)
                           for index, read in recording.data_reads],
            "actions": dict(recording.actions),
            "moved": dict(recording.moved),
        }
    )  # fmt: skip
    return packed


def _unpack(data: bytes) -> Recording:
    content: dict[str, Any] = msgpack.unpackb(data)
    if content["format"] != _FORMAT:
        message = "recorded by another release"
        raise ValueError(message)
    return Recording(
        connections=tuple(RecordedConnection(*fields) for fields in content["connections"]),
        instances={key: _instance(fields) for key, fields in content["instances"].items()},
        data_reads=tuple(
            (index, DataRead(request, state)) for index, request, state in content["data_reads"]
        ),
        actions=content["actions"],
        moved=content["moved"],
    )


def _instance(fields: list[Any]) -> RecordedInstance:
    address, type_name, connection, upgraded, config, validated, provider_meta = fields
    return RecordedInstance(
        address=address,
        type_name=type_name,
        connection=connection,
        upgraded=upgraded,
        config=config,
        validated=tuple(validated),
        provider_meta=provider_meta,
    )
