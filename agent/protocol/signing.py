"""Who sent exactly these bytes: HMAC-SHA256 with a key of each agent's own.

The header `Authorization: Trueup-Agent ID.SERIAL.SIGNATURE` covers the path and the body as it
was sent, so it is checked before anything of the body is read (docs/adr/0027-agent-keys.md).
"""

from __future__ import annotations

import hmac
import re

SCHEME = "Trueup-Agent"
_FORM = re.compile(r"Trueup-Agent ([A-Za-z0-9-]{1,64})\.([0-9]{1,9})\.([0-9a-f]{64})")


def signature(key: bytes, *, path: str, body: bytes) -> str:
    """Return the signature of a message that is sent to `path`."""
    message = b"trueup-agent\n" + path.encode() + b"\n" + body
    return hmac.digest(key, message, "sha256").hex()


def authorization(key: bytes, *, agent_id: str, serial: int, path: str, body: bytes) -> str:
    """Return the header's value."""
    return f"{SCHEME} {agent_id}.{serial}.{signature(key, path=path, body=body)}"


def read_authorization(header: str) -> tuple[str, int, str] | None:
    """Return `(agent id, key serial, signature)`; None where it is no header of an agent."""
    found = _FORM.fullmatch(header)
    return (found.group(1), int(found.group(2)), found.group(3)) if found else None


def is_signed(key: bytes, given: str, *, path: str, body: bytes) -> bool:
    """Whether `given` is the signature of `body`, found in a time that says nothing about it."""
    return hmac.compare_digest(signature(key, path=path, body=body), given)
