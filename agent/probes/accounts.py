"""Users, groups, and who may become whom."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from agent.probes.reading import key_of, read_plain, reason_of
from agent.protocol.tree import OK, Section

_LARGEST_BYTES = 8 * 2**20
_FIELDS_OF_USER = 7
_FIELDS_OF_GROUP = 4


def users_section(root: Path) -> Section:
    """Return the users of `/etc/passwd`."""
    return _of_file(root / "etc/passwd", read_users)


def groups_section(root: Path) -> Section:
    """Return the groups of `/etc/group`."""
    return _of_file(root / "etc/group", read_groups)


def sudoers_section(root: Path) -> Section:
    """Return the rules of `/etc/sudoers` and its folder, in the order that sudo reads them.

    What sudo itself passes over there, such as a folder or a link to nowhere, has a leaf that
    says so: it must not hide the rules beside it.
    """
    if not os.path.lexists(root / "etc/sudoers"):
        return Section("unsupported")
    leaves: dict[str, Any] = {}
    try:
        for file in (root / "etc/sudoers", *_included(root / "etc/sudoers.d")):
            leaves[key_of(file, root)] = _rules_of(file)
    except PermissionError:
        return Section("denied")
    return Section(OK, leaves)


def _rules_of(file: Path) -> dict[str, Any]:
    try:
        content = read_plain(file, most=_LARGEST_BYTES)
    except PermissionError:
        raise
    except OSError as error:
        return {"unreadable": reason_of(error)}
    return {"rules": list(read_rules(content.decode("utf-8", "backslashreplace")))}


def read_users(text: str) -> dict[str, Any]:
    """Return what `/etc/passwd` says, without passwords."""
    rows = (line.split(":") for line in text.splitlines())
    return {
        row[0]: {"uid": row[2], "gid": row[3], "home": row[5], "shell": row[6]}
        for row in rows
        if len(row) == _FIELDS_OF_USER and row[0]
    }


def read_groups(text: str) -> dict[str, Any]:
    """Return what `/etc/group` says; the order of members means nothing."""
    rows = (line.split(":") for line in text.splitlines())
    return {
        row[0]: {"gid": row[2], "members": sorted(filter(None, row[3].split(",")))}
        for row in rows
        if len(row) == _FIELDS_OF_GROUP and row[0]
    }


def read_rules(text: str) -> Iterator[str]:
    """Yield the rules of a sudoers file in order: later ones win, so none may be sorted."""
    for line in text.replace("\\\n", " ").splitlines():
        rule = " ".join(line.split())
        if rule and (not rule.startswith("#") or _is_include(rule)):
            yield rule


def _is_include(rule: str) -> bool:
    return rule.startswith(("#include ", "#includedir ")) or rule[1:2].isdigit()


def _included(folder: Path) -> Iterable[Path]:
    # sudo passes over names with a dot or that end in ~.
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    return [file for file in files if "." not in file.name and not file.name.endswith("~")]


def _of_file(file: Path, read: Any) -> Section:
    try:
        content = read_plain(file, most=_LARGEST_BYTES + 1)
    except PermissionError:
        return Section("denied")
    except OSError:
        return Section("unsupported")
    if len(content) > _LARGEST_BYTES:
        return Section("truncated")
    return Section(OK, read(content.decode("utf-8", "replace")))
