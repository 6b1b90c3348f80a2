"""What may hold secrets, on disk: encrypted with a key derived from the instance key.

What cannot be read counts as not there: whoever kept it can make it again.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES: Final = 12
_TOUCHED_EVERY_S: Final = 3600.0


class SealedFiles:
    """One file per name. The longest unused go beyond `most` files or `most_bytes`."""

    def __init__(
        self, folder: Path, *, key: bytes, purpose: str, suffix: str, most: int, most_bytes: int
    ) -> None:
        self._folder = folder
        self._suffix = suffix
        self._most = most
        self._most_bytes = most_bytes
        self._cipher = AESGCM(hmac.digest(key, purpose.encode(), hashlib.sha256))

    def load(self, name: str) -> bytes | None:
        """Return what was kept under `name`; None when there is nothing to be had."""
        path = self._path(name)
        try:
            sealed = path.read_bytes()
            content = self._cipher.decrypt(
                sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], name.encode()
            )
        except (OSError, InvalidTag, ValueError):
            return None
        self._touch(path)
        return content

    def store(self, name: str, content: bytes) -> None:
        """Keep `content` under `name`, mode 0600, in place of what was there."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._cipher.encrypt(nonce, content, name.encode())
        path = self._path(name)
        temporary = path.with_suffix(f".{os.getpid()}")
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(sealed)
        temporary.replace(path)
        self._drop_unused()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}{self._suffix}"

    def _touch(self, path: Path) -> None:
        """Note that it was used, now and then: that keeps it from being dropped."""
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _TOUCHED_EVERY_S:
                os.utime(path)

    def _drop_unused(self) -> None:
        size = 0
        for number, (_, own, path) in enumerate(sorted(self._files(), reverse=True)):
            size += own
            if number and (number >= self._most or size > self._most_bytes):
                path.unlink(missing_ok=True)

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield when each was last used, how large it is, and where."""
        for path in self._folder.glob(f"*{self._suffix}"):
            with contextlib.suppress(FileNotFoundError):  # another process may drop it too
                status = path.stat()
                yield status.st_mtime, status.st_size, path
