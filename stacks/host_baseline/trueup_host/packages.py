"""Packages: there in a version, there in any, or not there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trueup_host.checks import check_text
from trueup_host.entry import Entry

PRESENT: Final = "present"
"""Installed, in whatever version."""
ABSENT: Final = "absent"
"""Not installed."""

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:-]*")
_VERSION: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9+._:~^-]*")


@dataclass(frozen=True, slots=True)
class Package:
    """A package of the host's own package manager; `version` may be PRESENT or ABSENT.

    Raises:
        ValueError: naming the argument that cannot be.
    """

    name: str
    version: str = PRESENT

    def __post_init__(self) -> None:
        check_text("name", self.name, form=_NAME, meaning="the name of a package")
        check_text(
            "version", self.version, form=_VERSION, meaning="a version, 'present' or 'absent'"
        )

    @property
    def key(self) -> tuple[str]:
        """A host has one package of a name."""
        return (self.name,)

    def entry(self) -> Entry:
        """Return the canonical form."""
        return {"name": self.name, "version": self.version}
