"""One digest of everything an evaluated configuration depends on.

That is code, lock file, variables, workspace, state, plugins and environment. The answers
of data sources are not in it: they are checked by asking again.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from reconciler.bounded_files import read_bytes

# What a shell or a terminal changes from call to call, and no provider looks at.
_VOLATILE: Final = frozenset(
    {"_", "PWD", "OLDPWD", "SHLVL", "COLUMNS", "LINES", "TERM", "LS_COLORS", "WINDOWID"}
)
_VOLATILE_PREFIXES: Final = ("PYTEST_", "PYTHON", "SSH_", "TMUX", "XDG_SESSION", "MAKE", "MFLAGS")


class Revision:
    """A keyed digest under construction; keyed, since variables may be secrets."""

    def __init__(self, key: bytes) -> None:
        self._mac = hmac.new(key, b"trueup revision 1", hashlib.sha256)

    def add(self, label: str, content: bytes | str) -> None:
        """Take in one input. Length-prefixed, so no two inputs can be confused."""
        data = _encoded(content) if isinstance(content, str) else content
        self._mac.update(_encoded(f"{label}:{len(data)}:"))
        self._mac.update(data)

    def add_environment(self, environment: Mapping[str, str]) -> None:
        """Take in every variable that a tool or provider might read."""
        for name in sorted(environment):
            if name not in _VOLATILE and not name.startswith(_VOLATILE_PREFIXES):
                self.add(name, environment[name])

    def add_files(self, files: Iterable[Path]) -> None:
        """Take in the content of `files`, in order; raises OSError when one cannot be read."""
        for file in files:
            self.add(str(file), read_bytes(file))

    def hexdigest(self) -> str:
        """Return the digest so far."""
        return self._mac.hexdigest()


def _encoded(text: str) -> bytes:
    # The name of a file need not be UTF-8.
    return text.encode(errors="surrogateescape")
