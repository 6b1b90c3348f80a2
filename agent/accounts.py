"""Names of users and groups, as the host below a root knows them."""

from __future__ import annotations

import grp
import pwd
from pathlib import Path

from agent.probes.reading import read_plain

_LARGEST_BYTES = 8 * 2**20


class Accounts:
    """Names by number; a number without a name is its own name.

    Below a prefix only the files there count: the names of the host we run on are others'.
    """

    def __init__(self, root: Path) -> None:
        self._own_host = root == Path("/")
        self._users = _names(root / "etc/passwd")
        self._groups = _names(root / "etc/group")

    def user(self, number: int) -> str:
        """Return the name of a user."""
        if number not in self._users:
            self._users[number] = self._looked_up_user(number)
        return self._users[number]

    def group(self, number: int) -> str:
        """Return the name of a group."""
        if number not in self._groups:
            self._groups[number] = self._looked_up_group(number)
        return self._groups[number]

    def _looked_up_user(self, number: int) -> str:
        try:
            return pwd.getpwuid(number).pw_name if self._own_host else str(number)
        except KeyError:
            return str(number)

    def _looked_up_group(self, number: int) -> str:
        try:
            return grp.getgrgid(number).gr_name if self._own_host else str(number)
        except KeyError:
            return str(number)


def _names(file: Path) -> dict[int, str]:
    try:
        lines = read_plain(file, most=_LARGEST_BYTES).decode("utf-8", "replace").splitlines()
    except OSError:
        return {}
    names: dict[int, str] = {}
    for line in lines:
        fields = line.split(":")
        if len(fields) > 2 and fields[2].isdigit():  # noqa: PLR2004 - name, password, number
            names.setdefault(int(fields[2]), fields[0])
    return names
