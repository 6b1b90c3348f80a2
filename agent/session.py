"""What the agent remembers between two reports: its number, and what the server has."""

from __future__ import annotations

import contextlib
import json
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.private_files import write_private
from agent.protocol.tree import Section
from agent.scope import Scope, read_scope

_SEQUENCE = "sequence"
_ACKNOWLEDGED = "acknowledged.json.z"
_SCOPE = "scope.json"


class Session:
    """Files of one incarnation; a number is on the disk before it is used."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def next_number(self) -> int:
        """Return the number of the next message."""
        number = self._number() + 1
        write_private(self._folder / _SEQUENCE, str(number).encode(), durable=True)
        return number

    def _number(self) -> int:
        try:
            return int((self._folder / _SEQUENCE).read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0

    def acknowledged(self) -> tuple[str, dict[str, Section]] | None:
        """Return the root and the sections that the server has; None where that is not known."""
        try:
            packed = (self._folder / _ACKNOWLEDGED).read_bytes()
            kept = json.loads(zlib.decompress(packed))
            return str(kept["root"]), {
                name: Section(status, leaves) for name, (status, leaves) in kept["sections"].items()
            }
        except (OSError, ValueError, KeyError, TypeError, zlib.error):
            return None  # the server says what it has when it is asked

    def acknowledge(self, root: str, sections: Mapping[str, Section]) -> None:
        """Keep what the server has just acknowledged."""
        kept = {
            "root": root,
            "sections": {name: [one.status, one.leaves] for name, one in sections.items()},
        }
        text = json.dumps(kept, separators=(",", ":")).encode()
        write_private(self._folder / _ACKNOWLEDGED, zlib.compress(text, 1))

    def forget(self) -> None:
        """Know no more what the server has; it says so when it is asked."""
        self._remove(_ACKNOWLEDGED)

    def restart(self) -> None:
        """Count from 1 again, as a new incarnation does."""
        self._remove(_SEQUENCE)

    def _remove(self, name: str) -> None:
        with contextlib.suppress(FileNotFoundError):
            (self._folder / name).unlink()

    def scope(self) -> Scope:
        """Return the last scope that the server sent."""
        try:
            return read_scope(json.loads((self._folder / _SCOPE).read_text(encoding="utf-8")))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return Scope()

    def keep_scope(self, body: Mapping[str, Any]) -> Scope:
        """Keep what the server says this host has to be."""
        scope = read_scope(body)
        write_private(self._folder / _SCOPE, json.dumps(body).encode(), durable=True)
        return scope
