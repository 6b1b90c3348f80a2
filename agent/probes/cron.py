"""What runs by the clock: when and as whom. Of a command only a digest: it may hold a password."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from agent.probes.reading import key_of, read_plain
from agent.protocol.canonical import text_of
from agent.protocol.tree import OK, Section

_SYSTEM = re.compile(r"((?:\S+\s+){5}|@\w+\s+)(\S+)\s+(.*)")
_OWN = re.compile(r"((?:\S+\s+){5}|@\w+\s+)(.*)")
_SETTING = re.compile(r"\s*\w+\s*=")
_LARGEST_BYTES = 2**20


def cron_section(root: Path, key: bytes) -> Section:
    """Return the entries of every table."""
    leaves: dict[str, Any] = {}
    status = OK
    for file, user in _tables(root):
        try:
            text = read_plain(file, most=_LARGEST_BYTES).decode("utf-8", "backslashreplace")
        except PermissionError:
            status = "denied"
            continue
        except OSError:
            continue
        leaves[key_of(file, root)] = {"entries": list(read_table(text, user, key))}
    return Section(status, leaves)


def read_table(text: str, user: str | None, key: bytes) -> Iterator[dict[str, str]]:
    """Yield the entries of a table in order; `user` is whose it is, None of a system's."""
    for line in text.splitlines():
        if not line.strip() or line.lstrip().startswith("#") or _SETTING.match(line):
            continue
        found = (_SYSTEM if user is None else _OWN).match(line.strip())
        if found is None:
            continue
        command = found.group(found.re.groups)
        yield {
            "when": " ".join(found.group(1).split()),
            "user": user or found.group(2),
            "command_keyed_sha256": hmac.new(key, command.encode(), hashlib.sha256).hexdigest(),
        }


def _tables(root: Path) -> Iterator[tuple[Path, str | None]]:
    yield root / "etc/crontab", None
    for folder in (root / "etc/cron.d",):
        yield from ((folder / name, None) for name in _names(folder))
    for folder in (root / "var/spool/cron/crontabs", root / "var/spool/cron"):
        yield from ((folder / name, text_of(os.fsencode(name))) for name in _names(folder))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(file.name for file in folder.iterdir() if file.is_file())
    except OSError:
        return []
