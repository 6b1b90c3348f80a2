"""What the agent remembers between two reports: its number, and what the server has."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import time
import zlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from agent.hints import WATCHED
from agent.identity import Identity, keep_identity, read_identity
from agent.leaf_file import LeafFile
from agent.private_files import write_private
from agent.protocol.tree import Section
from agent.refused import RefusedReports
from agent.scope import Scope, read_scope
from agent.spool import Entry, Spool

_SEQUENCE = "sequence"
_ACKNOWLEDGED = "acknowledged"
_LEAVES = "acknowledged-leaves-of-"
_ROOT_LENGTH = 64
_SCOPE = "scope.json"
_SPOOL = "spool"
_REFUSED = "refused"
_OF_THE_CHAIN = frozenset({"wrong-hash", "damaged", "too-large", "body-too-large"})
"""Reasons that whatever holds the same change would be refused for as well."""
_NOT_BEFORE = "not-before"
LONGEST_WAIT_S = 3600.0


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
            return max(0, int((self._folder / _SEQUENCE).read_text(encoding="ascii")))
        except (FileNotFoundError, ValueError):
            return 0  # where the server knows a higher one it says so, and counting begins anew

    @property
    def spool(self) -> Spool:
        """What the server has not been told yet."""
        return Spool(self._folder / _SPOOL)

    @property
    def refused(self) -> RefusedReports:
        """What the server will never take."""
        return RefusedReports(self._folder / _REFUSED)

    def set_aside(self, entry: Entry, *, code: str, detail: str) -> bool:
        """Put an entry of the spool to the refused ones; return whether what follows can be told.

        Where it cannot, what the host is now is told instead of it.
        """
        try:
            joined = code not in _OF_THE_CHAIN and self.spool.join_next(entry)
        except ValueError:
            joined = False
        report = self.refused.add(entry.file, at=entry.at, code=code, detail=detail)
        print(f"warning: {report}", file=sys.stderr)
        return joined

    def acknowledged_root(self) -> str | None:
        """Return the root that the server has or will have of the spool; None if unknown."""
        try:
            with open(self._folder / _ACKNOWLEDGED, "rb") as kept:
                return kept.readline(_ROOT_LENGTH + 1).decode("ascii").rstrip("\n") or None
        except (OSError, ValueError):
            return None

    def acknowledged(self) -> dict[str, Section] | None:
        """Return the sections of that root; None where they are not known."""
        try:
            packed = (self._folder / _ACKNOWLEDGED).read_bytes().partition(b"\n")[2]
            kept = json.loads(zlib.decompress(packed))
            sections = {name: Section(*said) for name, said in kept["sections"].items()}
            for name, (status, file, count) in kept["in_files"].items():
                leaves = LeafFile(self._folder / file, count)
                if sum(1 for _ in leaves.encoded()) != count:
                    return None
                sections[name] = Section(status, leaves)
        except (OSError, ValueError, KeyError, TypeError, zlib.error):
            return None  # the server says what it has when it is asked
        return sections

    def acknowledge(self, root: str, sections: Mapping[str, Section]) -> None:
        """Keep what the server has just acknowledged, or what was just spooled."""
        small = {}
        in_files = {}
        files = set()
        for name, section in sections.items():
            if isinstance(section.leaves, LeafFile):
                file = f"{_LEAVES}{name}-{root[:16]}"
                section.leaves.kept_as(self._folder / file)
                files.add(file)
                in_files[name] = [section.status, file, len(section.leaves)]
            else:
                small[name] = [section.status, section.leaves]
        text = json.dumps({"sections": small, "in_files": in_files}, separators=(",", ":"))
        packed = root.encode() + b"\n" + zlib.compress(text.encode(), 1)
        write_private(self._folder / _ACKNOWLEDGED, packed)
        self._remove_leaves(keep=files)

    def forget(self) -> None:
        """Know no more what the server has; it says so when it is asked."""
        self.spool.clear()
        self._remove(_ACKNOWLEDGED)
        self._remove_leaves(keep=set())

    def _remove_leaves(self, *, keep: AbstractSet[str]) -> None:
        for file in self._folder.glob(f"*{_LEAVES}*"):
            if file.name not in keep:
                self._remove(file.name)

    def keep_identity(self, identity: Identity) -> None:
        """Keep who this agent is; it is on the disk when this returns."""
        keep_identity(self._folder, identity)

    def not_before(self) -> float:
        """Return when the server wants to be asked again, in seconds since 1970; 0 for any time."""
        try:
            at = float((self._folder / _NOT_BEFORE).read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0.0
        # A clock that was set back must not silence the host for longer than was asked for.
        return at if at - time.time() <= LONGEST_WAIT_S else 0.0

    def keep_not_before(self, wait_s: float) -> None:
        """Ask the server nothing for `wait_s` seconds, an hour at most."""
        at = time.time() + min(wait_s, LONGEST_WAIT_S)
        write_private(self._folder / _NOT_BEFORE, str(at).encode())

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
        self._keep_watched(scope)
        write_private(self._folder / _SCOPE, json.dumps(body).encode(), durable=True)
        return scope

    def watch_as_before(self) -> None:
        """Keep which files are watched where that is not kept, as after an upgrade."""
        if not (self._folder / WATCHED).exists():
            self._keep_watched(self.scope())

    def _keep_watched(self, scope: Scope) -> None:
        root = os.fsencode(read_identity(self._folder).root).rstrip(b"/")
        paths = (os.fsencode(path) for path in scope.files if path.startswith("/"))
        lines = b"".join(root + path + b"\n" for path in sorted(paths) if b"\n" not in path)
        write_private(self._folder / WATCHED, lines)
