"""Files: type, mode, owner, and the SHA-256 of what is in them. Content is never sent.

Only what others may not read and no baseline declares gets a keyed digest instead: the plain
one of a short secret could be guessed from.
"""

from __future__ import annotations

import hashlib
import heapq
import hmac
import json
import math
import os
import stat
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from agent.accounts import Accounts
from agent.leaf_file import NO_STAMP
from agent.leaf_rewriting import LeafRewriting
from agent.protocol.canonical import encode, text_of
from agent.protocol.messages import LONGEST_KEY
from agent.protocol.tree import OK, Section

MOST_FILES = 100_000
MOST_TEXT_BYTES = 16 * 2**20
"""Of paths and leaves together, so that a report of all of them is one message."""
LARGEST_FILE_BYTES = 100 * 2**20
_BLOCK_BYTES = 1 << 18
_TO_WRITE_S = 20.0
"""Left of a capture's time when no more is read: a slow disk has to take what was read."""
_TOO_YOUNG_NS = 2 * 10**9
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
    ends: float = math.inf
    """When nobody waits for the section any more, in seconds of the monotonic clock."""


def files_section(scope: FileScope, kept: Path) -> Section:
    """Return what the files are; a path that is not there has no leaf.

    The leaves lie in the file `kept`. A file whose times, size, inode and device are those that
    the last capture noted there is not read again. Where the time does not suffice, the section
    is `timeout`, and the rest is as the last capture noted it: the next one gets further.

    Raises:
        TimeoutError: nobody waits for it any more; `kept` is as before.
        OSError: `kept` cannot be written; it is as before.
    """
    leaves = LeafRewriting(kept)
    try:
        status = _look_at_all(scope, leaves)
        return Section(status, leaves.finish())
    except BaseException:
        leaves.drop()
        raise


def _look_at_all(scope: FileScope, leaves: LeafRewriting) -> str:
    """Put the leaf of each path; return the status of the section.

    Raises:
        TimeoutError: nobody waits for it any more.
    """
    status = _look_in_time(scope, leaves)
    if time.monotonic() > scope.ends:
        raise TimeoutError("the capture has ended")
    return status


def _look_in_time(scope: FileScope, leaves: LeafRewriting) -> str:
    look = _Look(scope, leaves)
    count = size = 0
    status = OK
    for raw, key in _in_order_of_keys(_paths(scope)):
        if time.monotonic() > scope.ends - _TO_WRITE_S:
            leaves.keep_rest()
            return "timeout"
        if len(key) > LONGEST_KEY:
            # The server refuses a report with such a key whole, and saw no more of the host.
            status = "truncated"
            continue
        full = count >= MOST_FILES or size >= MOST_TEXT_BYTES
        if full and key not in scope.declared:
            status = "truncated"
            continue
        found = look.at(raw, key)
        if found is not None:
            leaves.put(key, *found)
            count += 1
            size += len(raw) + len(found[1])
    return status


def _in_order_of_keys(paths: Iterable[bytes]) -> Iterator[tuple[bytes, str]]:
    """Yield each path once with its key; the paths come in the order of their bytes."""
    escaped = []
    last = None
    for raw in paths:
        if raw == last:
            continue
        last = raw
        key = text_of(raw)
        if key.startswith("/"):
            yield raw, key
        else:
            escaped.append((raw, key))
    # UTF-8 sorts as its text does. A name that is no text has another key, behind them all.
    yield from sorted(escaped, key=lambda pair: pair[1])


def _paths(scope: FileScope) -> Iterator[bytes]:
    declared = sorted(os.fsencode(path) for path in scope.declared if path.startswith("/"))
    return heapq.merge(declared, *(_walk(scope.root, _tree_path(tree)) for tree in scope.trees))


def _tree_path(tree: str) -> bytes:
    return os.fsencode("/" + tree.strip("/"))


def _is_within(path: bytes, tree: bytes) -> bool:
    return path == tree or path.startswith(tree.rstrip(b"/") + b"/")


def _walk(root: Path, tree: bytes) -> Iterator[bytes]:
    """Yield every path of a tree in the order of their bytes.

    A stuck network mount would hold us for ever; what lies on another device is left out.
    """
    prefix = os.fsencode(root).rstrip(b"/")
    try:
        device = os.lstat(prefix + tree).st_dev
    except OSError:
        return
    yield tree
    waiting = [_names(prefix + tree, tree)]
    while waiting:
        path = next(waiting[-1], None)
        if path is None:
            waiting.pop()
        elif not path.endswith(b"/"):
            yield path
        elif _device(prefix + path) == device:
            waiting.append(_names(prefix + path, path))


def _names(folder: bytes, path: bytes) -> Iterator[bytes]:
    """Return the paths in a folder; what lies in a subfolder comes where its name and / do."""
    names = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                names.append(entry.name)
                if entry.is_dir(follow_symlinks=False):
                    names.append(entry.name + b"/")
    except OSError:
        pass  # its own leaf says how it is; what is in it cannot be seen
    names.sort()
    inside = path.rstrip(b"/") + b"/"
    return (inside + name for name in names)


def _device(path: bytes) -> int | None:
    try:
        return os.lstat(path.rstrip(b"/")).st_dev
    except OSError:
        return None


class _Look:
    """How paths are now, said with what the last capture knew of them."""

    def __init__(self, scope: FileScope, leaves: LeafRewriting) -> None:
        self._scope = scope
        self._leaves = leaves
        self._accounts = Accounts(scope.root)
        self._prefix = os.fsencode(scope.root).rstrip(b"/")
        trees = [_tree_path(tree) for tree in scope.trees]
        self._trees = [(tree, _device(self._prefix + tree)) for tree in trees]
        self._heads: dict[tuple[int, int, int], bytes] = {}
        self._now_ns = time.time_ns()

    def at(self, raw: bytes, key: str) -> tuple[bytes, bytes] | None:
        """Return the stamp and the leaf of a path; None where nothing is there."""
        path = self._prefix + raw
        before = self._leaves.before(key)
        try:
            found = os.lstat(path)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            return NO_STAMP, encode({"unreadable": _reason(error)})
        if not stat.S_ISREG(found.st_mode):
            return self._beside_files(raw, found)
        stamp_before, leaf_before = before or (NO_STAMP, b"")
        stamp = _stamp(found)
        secret = not found.st_mode & _OTHERS_READ and key not in self._scope.declared
        if stamp != stamp_before:
            return self._read(path, found, stamp, secret=secret)
        if not secret and leaf_before.startswith(self._head(found)):
            return stamp, leaf_before
        digest = json.loads(leaf_before).get(_digest_name(secret=secret))
        if digest is None:
            return self._read(path, found, stamp, secret=secret)
        return stamp, self._leaf(found, {_digest_name(secret=secret): digest})

    def _read(
        self, path: bytes, found: os.stat_result, stamp: bytes, *, secret: bool
    ) -> tuple[bytes, bytes]:
        """Return the leaf of a file that has to be read.

        A file that changed within the last two seconds gets no stamp: a second change could
        leave the same times.
        """
        try:
            content = _content(path, found, self._scope.key if secret else None)
        except OSError as error:
            return NO_STAMP, self._leaf(found, {"unreadable": _reason(error)})
        young = self._now_ns - max(found.st_mtime_ns, found.st_ctime_ns) <= _TOO_YOUNG_NS
        return NO_STAMP if young else stamp, self._leaf(found, content)

    def _head(self, found: os.stat_result) -> bytes:
        """Return how the leaf of an ordinary file begins; what follows is its digest."""
        by = (found.st_mode, found.st_uid, found.st_gid)
        if by not in self._heads:
            self._heads[by] = encode(self._attributes(found))[:-1] + b',"sha256":'
        return self._heads[by]

    def _leaf(self, found: os.stat_result, content: dict[str, str]) -> bytes:
        return encode({**self._attributes(found), **content, "type": "file"})

    def _beside_files(self, raw: bytes, found: os.stat_result) -> tuple[bytes, bytes] | None:
        """Return what `at` does of a path that is no ordinary file."""
        try:
            return NO_STAMP, encode(self._other(raw, found))
        except FileNotFoundError:
            return None
        except OSError as error:
            return NO_STAMP, encode({"unreadable": _reason(error)})

    def _other(self, raw: bytes, found: os.stat_result) -> dict[str, Any]:
        kind = _type(found.st_mode)
        if kind in _SKIPPED_TYPES:
            return {"type": kind}
        leaf = {**self._attributes(found), "type": kind}
        if kind == "link":
            return {**leaf, "target": text_of(os.readlink(self._prefix + raw))}
        return {**leaf, **self._unlisted(raw, found)}

    def _unlisted(self, raw: bytes, found: os.stat_result) -> dict[str, str]:
        """Say of a folder whose files are looked at that they cannot be seen."""
        if not any(_is_within(raw, tree) and found.st_dev == dev for tree, dev in self._trees):
            return {}
        try:
            os.scandir(self._prefix + raw).close()
        except FileNotFoundError:
            raise
        except OSError as error:
            return {"unreadable": _reason(error)}
        return {}

    def _attributes(self, found: os.stat_result) -> dict[str, str]:
        return {
            "mode": f"{stat.S_IMODE(found.st_mode):04o}",
            "owner": self._accounts.user(found.st_uid),
            "group": self._accounts.group(found.st_gid),
        }


def _stamp(found: os.stat_result) -> bytes:
    return b"%d.%d.%d.%d.%d" % (
        found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns,
    )  # fmt: skip


def _digest_name(*, secret: bool) -> str:
    return "keyed_sha256" if secret else "sha256"


def _content(path: bytes, found: os.stat_result, key: bytes | None) -> dict[str, str]:
    if found.st_size > LARGEST_FILE_BYTES:
        return {"unreadable": "larger than 100 MiB"}
    return {_digest_name(secret=key is not None): _digest(path, key)}


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
