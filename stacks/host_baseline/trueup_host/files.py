"""Files: where they are, whose they are, and the digest of what is in them."""

from __future__ import annotations

import hashlib
import posixpath
import re
from dataclasses import dataclass, field
from typing import Any, Final

import pulumi

from trueup_host.checks import check_flag, check_text
from trueup_host.entry import Entry

_MODE: Final = re.compile(r"[0-7]{3,4}")
_ACCOUNT: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*\$?")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class File:
    """A file as it must be: its content either as `content` or as the `sha256` of it.

    Content is stored as its digest only, unless `keep_content`: then also as a Pulumi
    secret. The digest of content that is a Pulumi secret is a secret as well, since a
    short one could be guessed from it.

    Raises:
        ValueError: naming the argument that cannot be.
    """

    path: str
    content: str | pulumi.Output[str] | None = field(default=None, repr=False)
    sha256: str | None = None
    mode: str = "0644"
    owner: str = "root"
    group: str = "root"
    keep_content: bool = False

    def __post_init__(self) -> None:
        _check_path(self.path)
        _check_source(self.content, self.sha256)
        check_text("mode", self.mode, form=_MODE, meaning="three or four octal digits as text")
        check_text("owner", self.owner, form=_ACCOUNT, meaning="the name or number of a user")
        check_text("group", self.group, form=_ACCOUNT, meaning="the name or number of a group")
        if check_flag("keep_content", self.keep_content) and self.content is None:
            raise ValueError("keep_content needs `content`: a digest alone cannot be kept")

    @property
    def key(self) -> tuple[str]:
        """A host has one file of a path."""
        return (self.path,)

    def entry(self) -> Entry:
        """Return the canonical form; content is never in the clear."""
        entry: Entry = {
            "path": self.path,
            "sha256": self.sha256 if self.content is None else _digest_of(self.content),
            "mode": self.mode.zfill(4),
            "owner": self.owner,
            "group": self.group,
        }
        if self.keep_content and self.content is not None:
            entry["content"] = pulumi.Output.secret(self.content)
        return entry


def _check_path(path: object) -> None:
    if not isinstance(path, str) or not path.startswith("/"):
        raise ValueError(f"path must be absolute, not {path!r}")
    if path == "/" or path.startswith("//") or posixpath.normpath(path) != path:
        raise ValueError(f"path must be written the shortest way and name a file, not {path!r}")
    if not path.isprintable():
        raise ValueError(f"path must hold printable characters only, not {path!r}")


def _check_source(content: object, sha256: object) -> None:
    # Neither sentence may repeat what it refuses: it could be a secret.
    if (content is None) == (sha256 is None):
        raise ValueError("content or sha256 must be given, and only one of them")
    if isinstance(content, str) and not content.isascii():
        _check_encodable(content)
    elif content is not None and not isinstance(content, (str, pulumi.Output)):
        raise ValueError(
            f"content must be a text or an output, not of type {type(content).__name__}"
        )
    if sha256 is not None and not (isinstance(sha256, str) and _SHA256.fullmatch(sha256)):
        raise ValueError("sha256 must be 64 lower-case hexadecimal digits")


def _check_encodable(content: str) -> None:
    try:
        content.encode()
    except UnicodeEncodeError:
        raise ValueError("content must be text that can be written as UTF-8") from None


def _digest_of(content: str | pulumi.Output[str]) -> Any:
    if isinstance(content, pulumi.Output):
        return content.apply(_digest)
    return _digest(content)


def _digest(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
