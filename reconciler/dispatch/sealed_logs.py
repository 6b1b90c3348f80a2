"""The raw logs of runs that are over: encrypted with a key derived from the instance key.

While it runs, the command writes into the file itself, so that its log is true when everybody
else is killed; that file has mode 0600, in a folder of mode 0700. It is sealed as soon as the
end of its run is on record, piece by piece, so that a part can be read without the rest.
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import os
import secrets
from pathlib import Path
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

PIECE_BYTES: Final = 1 << 16
_PURPOSE: Final = b"trueup run log"
_NONCE_BYTES: Final = 12
_SEALED_BYTES: Final = _NONCE_BYTES + PIECE_BYTES + 16
_SUFFIX: Final = ".sealed"


class SealedLogs:
    """Implements `reconciler.ports.RunLogs`."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, _PURPOSE, hashlib.sha256))

    def read(self, log: Path, offset: int, most_bytes: int) -> bytes:
        """Return what stands in `log` from `offset` on. See `RunLogs.read`."""
        try:
            with log.open("rb") as stream:
                stream.seek(offset)
                return stream.read(most_bytes)
        except FileNotFoundError:
            return self._unsealed(log, offset, most_bytes)

    def seal(self, log: Path) -> None:
        """Leave `log` encrypted. See `RunLogs.seal`."""
        draft = log.with_suffix(".sealing")
        try:
            plain = log.open("rb")
        except OSError:
            return
        try:
            with plain:
                self._write(plain, draft, name=_name(log))
            draft.replace(log.with_suffix(_SUFFIX))
        except OSError:
            # A full disk: the log stays as it was, and is sealed at the next start.
            with contextlib.suppress(OSError):
                draft.unlink(missing_ok=True)
            return
        log.unlink(missing_ok=True)

    def _write(self, plain: BinaryIO, draft: Path, *, name: bytes) -> None:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as sealed:
            number = 0
            while piece := plain.read(PIECE_BYTES):
                nonce = secrets.token_bytes(_NONCE_BYTES)
                sealed.write(nonce + self._cipher.encrypt(nonce, piece, _place(name, number)))
                number += 1
            sealed.flush()
            os.fsync(sealed.fileno())

    def _unsealed(self, log: Path, offset: int, most_bytes: int) -> bytes:
        first, skipped = divmod(offset, PIECE_BYTES)
        wanted = skipped + most_bytes
        found = bytearray()
        try:
            with log.with_suffix(_SUFFIX).open("rb") as sealed:
                sealed.seek(first * _SEALED_BYTES)
                number = first
                while len(found) < wanted and (piece := sealed.read(_SEALED_BYTES)):
                    nonce, content = piece[:_NONCE_BYTES], piece[_NONCE_BYTES:]
                    found += self._cipher.decrypt(nonce, content, _place(_name(log), number))
                    number += 1
        except (FileNotFoundError, InvalidTag, ValueError):
            # Of a damaged log what comes before the damage can be read.
            return bytes(found[skipped:wanted])
        return bytes(found[skipped:wanted])


def _name(log: Path) -> bytes:
    """Return which run's log it is: one cannot be put in the place of another."""
    return log.parent.name.encode(errors="surrogateescape")


def _place(name: bytes, number: int) -> bytes:
    return b"%s %d" % (name, number)
