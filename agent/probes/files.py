"""Files: type, mode, owner, and the SHA-256 of what is in them. Content is never sent.

Only what others may not read and no baseline declares gets a keyed digest instead: the plain
one of a short secret could be guessed from.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.accounts import Accounts
from agent.protocol.canonical import text_of
from agent.protocol.tree import OK, Section
from agent.stat_cache import StatCache

MOST_FILES = 100_000
LARGEST_FILE_BYTES = 100 * 2**20
_BLOCK_BYTES = 1 << 18
_SKIPPED_TYPES = frozenset({"socket", "fifo", "device"})
_OTHERS_READ = stat.S_IROTH


@dataclass(frozen=True)
class FileScope:
    """Which files to look at: whole trees, and single paths that a baseline declares."""

    root: Path
    trees: Iterable[str]
    declared: frozenset[str]
    key: bytes
    """Of this host's own, for digests of what is secret."""


def files_section(scope: FileScope, cache: StatCache) -> Section:
    """Return what the files are; a path that is not there has no leaf."""
    accounts = Accounts(scope.root)
    # A stuck network mount would hold us for ever; what lies on another device is left out.
    leaves: dict[str, Any] = {}
    status = OK
    for raw in _paths(scope):
        key = text_of(raw)
        if key in leaves:
            continue
        if len(leaves) >= MOST_FILES:
            status = "truncated"
            break
        leaf = _leaf(scope, raw, key, accounts, cache)
        if leaf is not None:
            leaves[key] = leaf
    return Section(status, leaves)


def _paths(scope: FileScope) -> Iterator[bytes]:
    for path in sorted(scope.declared):
        yield os.fsencode(path)
    for tree in scope.trees:
        yield from _walk(scope.root, os.fsencode(tree.rstrip("/") or "/"))


def _walk(root: Path, tree: bytes) -> Iterator[bytes]:
    prefix = os.fsencode(root).rstrip(b"/")
    try:
        device = os.lstat(prefix + tree).st_dev
    except OSError:
        return
    yield tree
    waiting = [tree]
    while waiting:
        folder = waiting.pop()
        try:
            entries = list(os.scandir(prefix + folder))
        except OSError:
            continue  # its own leaf says how it is; what is in it cannot be seen
        for entry in entries:
            path = folder.rstrip(b"/") + b"/" + entry.name
            yield path
            if entry.is_dir(follow_symlinks=False) and _same_device(entry, device):
                waiting.append(path)


def _same_device(entry: os.DirEntry[bytes], device: int) -> bool:
    try:
        return entry.stat(follow_symlinks=False).st_dev == device
    except OSError:
        return False


def _leaf(
    scope: FileScope, raw: bytes, key: str, accounts: Accounts, cache: StatCache
) -> dict[str, Any] | None:
    path = os.fsencode(scope.root).rstrip(b"/") + raw
    try:
        found = os.lstat(path)
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        return None
    except OSError as error:
        return {"unreadable": _reason(error)}
    kind = _type(found.st_mode)
    if kind in _SKIPPED_TYPES:
        return {"type": kind}
    leaf: dict[str, Any] = {
        "type": kind,
        "mode": f"{stat.S_IMODE(found.st_mode):04o}",
        "owner": accounts.user(found.st_uid),
        "group": accounts.group(found.st_gid),
    }
    if kind == "link":
        return {**leaf, "target": text_of(os.readlink(path))}
    if kind == "file":
        secret = not found.st_mode & _OTHERS_READ and key not in scope.declared
        leaf.update(_content(path, found, scope.key if secret else None, cache))
    return leaf


def _content(
    path: bytes, found: os.stat_result, key: bytes | None, cache: StatCache
) -> dict[str, str]:
    name = "sha256" if key is None else "keyed_sha256"
    known = cache.get(path, found, name)
    if known is not None:
        return {name: known}
    if found.st_size > LARGEST_FILE_BYTES:
        return {"unreadable": "larger than 100 MiB"}
    try:
        digest = _digest(path, key)
    except OSError as error:
        return {"unreadable": _reason(error)}
    cache.put(path, found, name, digest)
    return {name: digest}


def _digest(path: bytes, key: bytes | None) -> str:
    # Without O_NONBLOCK a path that became a pipe since would hold us until somebody writes.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with open(descriptor, "rb", buffering=0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is no file any more")
        plain = hashlib.sha256()
        keyed = hmac.new(key, b"", hashlib.sha256) if key is not None else None
        while block := file.read(_BLOCK_BYTES):
            (keyed or plain).update(block)
        return (keyed or plain).hexdigest()


def _type(mode: int) -> str:
    if stat.S_ISREG(mode):
        return "file"
    if stat.S_ISDIR(mode):
        return "directory"
    if stat.S_ISLNK(mode):
        return "link"
    if stat.S_ISSOCK(mode):
        return "socket"
    return "fifo" if stat.S_ISFIFO(mode) else "device"


def _reason(error: OSError) -> str:
    return "denied" if isinstance(error, PermissionError) else os.strerror(error.errno or 0)


def now_ns() -> int:
    """Return the time that file times are compared with."""
    return time.time_ns()
