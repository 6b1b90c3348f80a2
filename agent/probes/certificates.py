"""TLS certificates where programs keep their own: which they are and how long they hold."""

from __future__ import annotations

import base64
import binascii
import hashlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.probes.reading import key_of, read_plain
from agent.protocol.tree import OK, Section

_FOLDERS = ("etc/ssl", "etc/pki/tls", "etc/letsencrypt/live", "etc/nginx", "etc/trueup")
_LEFT_OUT = ("etc/ssl/certs", "etc/pki/tls/certs")
_ENDINGS = (".pem", ".crt", ".cer")
_LARGEST_BYTES = 2**20
_MOST_FILES = 2000
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", re.DOTALL)
_TIMES = re.compile(rb"(?:\x17\x0d(\d{12}Z)|\x18\x0f(\d{14}Z))")


def certificates_section(root: Path) -> Section:
    """Return the certificates by file; the trusted authorities of the system are left out."""
    leaves: dict[str, Any] = {}
    status = OK
    for file in _files(root):
        if len(leaves) >= _MOST_FILES:
            return Section("truncated", leaves)
        try:
            found = list(read_certificates(read_plain(file, most=_LARGEST_BYTES)))
        except PermissionError:
            status = "denied"
            continue
        except OSError:
            continue
        if found:
            leaves[key_of(file, root)] = {"certificates": found}
    return Section(status, leaves)


def read_certificates(content: bytes) -> Iterator[dict[str, str]]:
    """Yield each certificate of a PEM file; a private key beside it is passed over."""
    for found in _PEM.finditer(content):
        try:
            der = base64.b64decode(b"".join(found.group(1).split()), validate=True)
        except binascii.Error:
            continue
        yield {"sha256": hashlib.sha256(der).hexdigest(), "not_after": not_after(der)}


def not_after(der: bytes) -> str:
    """Return when a certificate ends, as YYYYMMDDhhmmssZ; empty where that cannot be read.

    The validity is the first pair of times in a certificate: what stands before it, the number,
    the algorithm and the issuer, holds none.
    """
    times = _TIMES.findall(der)
    if len(times) < 2:  # noqa: PLR2004 - not before, not after
        return ""
    short, long = times[1]
    if long:
        return str(long.decode())
    # Two digits of a year are of 1950 to 2049 (RFC 5280).
    century = "20" if short[:2] < b"50" else "19"
    return century + str(short.decode())


def _files(root: Path) -> Iterator[Path]:
    for top in _FOLDERS:
        for folder, folders, names in os.walk(root / top):
            inside = str(Path(folder).relative_to(root))
            folders[:] = [name for name in folders if f"{inside}/{name}" not in _LEFT_OUT]
            yield from (Path(folder) / name for name in sorted(names) if name.endswith(_ENDINGS))
