"""Kernel settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trueup_host.checks import check_kind, check_text
from trueup_host.entry import Entry

_NAME: Final = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_/-]+)+")
_VALUE: Final = re.compile(r"[!-~]+( [!-~]+)*")


@dataclass(frozen=True, slots=True)
class Sysctl:
    """A setting in dotted form; numbers and spaces are written the way the kernel prints them.

    Raises:
        ValueError: naming the argument that cannot be.
    """

    name: str
    value: str | int

    def __post_init__(self) -> None:
        check_text("name", self.name, form=_NAME, meaning="a setting such as net.ipv4.ip_forward")
        check_text("value", self._words(), form=_VALUE, meaning="a whole number or a line of ASCII")

    @property
    def key(self) -> tuple[str]:
        """A host has one value of a setting."""
        return (self.name,)

    def entry(self) -> Entry:
        """Return the canonical form."""
        return {"name": self.name, "value": self._words()}

    def _words(self) -> str:
        # The kernel separates with tabs what people write with spaces.
        value = self.value
        if type(value) is int:
            return str(value)
        text = check_kind("value", value, str, meaning="a whole number or a line of ASCII")
        return " ".join(text.split())
