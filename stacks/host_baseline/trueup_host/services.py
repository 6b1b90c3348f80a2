"""Services: started at boot or not, running or not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from trueup_host.checks import check_flag, check_text
from trueup_host.entry import Entry

_NAME: Final = re.compile(r"[A-Za-z0-9:_.@\\-]+")
_UNIT: Final = re.compile(r".+\.(service|socket|timer|path|mount|automount|swap|target|slice)")


@dataclass(frozen=True, slots=True)
class Service:
    """A systemd unit; a name without a kind is that of a service.

    One that is not installed is neither enabled nor running.

    Raises:
        ValueError: naming the argument that cannot be.
    """

    name: str
    enabled: bool = True
    running: bool = True

    def __post_init__(self) -> None:
        check_text("name", self.name, form=_NAME, meaning="the name of a unit")
        check_flag("enabled", self.enabled)
        check_flag("running", self.running)

    @property
    def key(self) -> tuple[str]:
        """A host has one unit of a name, and `ssh` is another word for `ssh.service`."""
        return (self.name if _UNIT.fullmatch(self.name) else f"{self.name}.service",)

    def entry(self) -> Entry:
        """Return the canonical form."""
        (name,) = self.key
        return {"name": name, "enabled": self.enabled, "running": self.running}
