"""Which files that arguments name hold content that no state records, told by hashes. Pure.

A resource that reads a file (an archive to upload) and one that writes it (`local_file`) name
it alike. The hashes that providers compute tell what the last apply used.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeAlias

Digests: TypeAlias = frozenset[str]
DigestsOfFile: TypeAlias = Callable[[str], Digests | None]
"""None for a text that names no file, nothing for a file that cannot be read."""

_HASH: Final = re.compile(r"(^|_)(hash|etag|md5|sha\d*|checksum|digest|crc32c?)(_|$)")
_ALGORITHMS: Final = (hashlib.md5, hashlib.sha1, hashlib.sha256, hashlib.sha512)
_CONTENT: Final = "content"


def digests_of(content: bytes) -> Digests:
    """Return the hashes of `content` as providers write them: in hexadecimal and in base64."""
    found = [algorithm(content, usedforsecurity=False).digest() for algorithm in _ALGORITHMS]
    return frozenset(
        text for digest in found for text in (digest.hex(), base64.b64encode(digest).decode())
    )


def unrecorded_files(
    declared: Collection[str],
    *,
    planned: Mapping[str, Any],
    recorded: Mapping[str, Any],
    digests_of_file: DigestsOfFile,
) -> tuple[str, ...]:
    """Return which of the `declared` arguments name a file whose content may be new.

    It is not where the code gives a hash of it, where the state holds its hash, and where the
    state holds the hash of another argument's text as that of the object's content.
    """
    if any(map(_HASH.search, declared)):
        return ()
    texts = {name: text for name in declared if isinstance(text := planned.get(name), str)}
    of_files = {name: digests_of_file(text) for name, text in texts.items()}
    # A hash that the code gives says what is wanted, not what the last apply used.
    hashes = {
        name: text.strip('"')
        for name, text in recorded.items()
        if isinstance(text, str) and name not in declared
    }
    new = tuple(
        name
        for name, digests in of_files.items()
        if digests is not None and digests.isdisjoint(hashes.values())
    )
    if len(new) != 1:
        return new  # of two files nothing tells which is read and which is written
    given = {name: text for name, text in texts.items() if of_files[name] is None}
    return () if any(_is_content(*item, hashes) for item in given.items()) else new


def _is_content(argument: str, text: str, hashes: Mapping[str, str]) -> bool:
    """Whether a recorded hash tells that the object's content is `text`, given by `argument`.

    One of the two must say "content" by its name: the hash of a certificate that is given as a
    text tells nothing of the file with its key.
    """
    digests = _digests_of_text(text)
    return any(
        value in digests and (_CONTENT in argument or _CONTENT in name)
        for name, value in hashes.items()
    )


def _digests_of_text(text: str) -> Digests:
    try:
        return digests_of(text.encode()) | digests_of(base64.b64decode(text, validate=True))
    except ValueError:
        return digests_of(text.encode())
