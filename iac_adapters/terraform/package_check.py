"""Are the plugins on disk the ones the lock file was made with?

Terraform checks this on every run, but not for a provider that it is told to reattach
to, which is how recordings are made: so the check is ours to do.
Source: `h1:` is golang.org/x/mod/sumdb/dirhash Hash1 over the unpacked package.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from iac_adapters.terraform.installed import InstalledProvider
from reconciler.bounded_files import read_text
from reconciler.domain.errors import PermanentError

_CHUNK_BYTES: Final = 1 << 20
_BLOCK: Final = r'^provider\s+"{source}"\s*\{{(.*?)^\}}'
_HASH: Final = re.compile(r'"(h1:[A-Za-z0-9+/=]+)"')


def check_packages(
    providers: Iterable[InstalledProvider], *, lock_file: Path, known: Path, tool: str
) -> None:
    """Return when every provider is what the lock file says it is.

    A package that was found right once is not read again until its file changes; `known`
    is the folder that remembers, `tool` the program that a remedy names. Lock files
    without an `h1:` hash cannot be checked.

    Raises:
        PermanentError: a plugin is not the locked one.
    """
    text = read_text(lock_file, errors="replace") if lock_file.exists() else ""
    for provider in providers:
        locked = _locked_hashes(text, provider.source)
        if not locked or provider.overridden:
            continue
        mark = known / hashlib.sha256(f"{provider.identity} {sorted(locked)}".encode()).hexdigest()
        if mark.exists():
            continue
        found = package_hash(provider.binary.parent)
        if found not in locked:
            raise PermanentError(
                f"{provider.binary}: not the package that {lock_file} names for"
                f" {provider.source} {provider.version}",
                remedy=f"run `{tool} init` to install the locked one",
            )
        known.mkdir(parents=True, exist_ok=True)
        mark.touch()


def _locked_hashes(lock_text: str, source: str) -> frozenset[str]:
    pattern = _BLOCK.format(source=re.escape(source))
    block = re.search(pattern, lock_text, re.MULTILINE | re.DOTALL)
    return frozenset(_HASH.findall(block.group(1))) if block is not None else frozenset()


def package_hash(folder: Path) -> str:
    """Return the `h1:` hash of an unpacked provider package."""
    files = sorted(
        (path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file()
    )
    total = hashlib.sha256()
    for name, path in files:
        total.update(f"{_file_hash(path)}  {name}\n".encode())
    return f"h1:{base64.b64encode(total.digest()).decode()}"


def _file_hash(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
