"""Where a daemon answers, and the token to show it there."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from reconciler.domain.loopback import is_loopback


@dataclass(frozen=True, slots=True)
class Daemon:
    """An address and a token; `token_origin` says where the token came from, never what it is.

    `origin` says where the address came from.
    """

    url: str
    token: str = field(repr=False)
    token_origin: str = "the program"  # noqa: S105 - a description
    origin: str = "the address given"

    @property
    def local(self) -> bool:
        """Whether it is this machine's own."""
        return is_loopback(urlsplit(self.url).hostname or "")

    @property
    def encrypted(self) -> bool:
        """Whether what goes there cannot be read on the way."""
        return urlsplit(self.url).scheme == "https"
