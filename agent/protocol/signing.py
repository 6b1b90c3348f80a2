"""Who sent exactly these bytes: HMAC-SHA256 with a key of each agent's own.

The header `Authorization: Trueup-Agent ID.SERIAL.SIGNATURE` covers the path and the body as it
was sent, so it is checked before anything of the body is read (docs/adr/0027-agent-keys.md).
"""

from __future__ import annotations

import hmac
import re
from hashlib import sha256
from typing import NamedTuple

from agent.protocol.hashing import sha256_of

SCHEME = "Trueup-Agent"
_BLOCK = 64
"""Bytes that SHA-256 takes at once: a key of HMAC is made as long as that."""
_INNER = bytes(byte ^ 0x36 for byte in range(256))
_OUTER = bytes(byte ^ 0x5C for byte in range(256))
_FORM = re.compile(r"Trueup-Agent ([A-Za-z0-9-]{1,64})\.([0-9]{1,9})\.([0-9a-f]{64})")


class Signer(NamedTuple):
    """A key as HMAC uses it for one path: what is hashed before a body, and before that digest."""

    inner: bytes
    outer: bytes


def signer(key: bytes, *, path: str) -> Signer:
    """Return what signs messages to `path`; it is as secret as `key`.

    HMAC-SHA256 as RFC 2104 has it. OpenSSL looks for the hash and sets the key up for each message,
    which takes three times as long as a heartbeat is hashed.
    """
    if len(key) > _BLOCK:
        key = sha256(key).digest()
    padded = key.ljust(_BLOCK, b"\0")
    begin = b"trueup-agent\n" + path.encode() + b"\n"
    return Signer(padded.translate(_INNER) + begin, padded.translate(_OUTER))


def signed_by(signer: Signer, body: bytes) -> str:
    """Return the signature of `body`."""
    return sha256(signer.outer + sha256_of(signer.inner + body).digest()).hexdigest()


def signature(key: bytes, *, path: str, body: bytes) -> str:
    """Return the signature of a message that is sent to `path`."""
    return signed_by(signer(key, path=path), body)


def authorization(key: bytes, *, agent_id: str, serial: int, path: str, body: bytes) -> str:
    """Return the header's value."""
    return f"{SCHEME} {agent_id}.{serial}.{signature(key, path=path, body=body)}"


def read_authorization(header: str) -> tuple[str, int, str] | None:
    """Return `(agent id, key serial, signature)`; None where it is no header of an agent."""
    found = _FORM.fullmatch(header)
    return (found.group(1), int(found.group(2)), found.group(3)) if found else None


def is_signed(signer: Signer, given: str, body: bytes) -> bool:
    """Whether `given` is the signature of `body`, found in a time that says nothing about it."""
    return given.isascii() and hmac.compare_digest(signed_by(signer, body), given)
