"""What may come in."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final

from trueup_host.checks import check_kind, check_text, check_whole
from trueup_host.entry import Entry

_PORTS: Final = range(1, 65536)
_PROTOCOL: Final = re.compile(r"tcp|udp")
EVERYWHERE: Final = "0.0.0.0/0"
"""Every IPv4 address."""


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """One port that one network may reach. Rules only admit, so their order means nothing.

    Raises:
        ValueError: naming the argument that cannot be.
    """

    port: int
    source: str
    protocol: str = "tcp"

    def __post_init__(self) -> None:
        check_whole("port", self.port, _PORTS)
        check_text("protocol", self.protocol, form=_PROTOCOL, meaning="'tcp' or 'udp'")
        _network(self.source)

    @property
    def key(self) -> tuple[str, int, str]:
        """To admit the same twice is a mistake."""
        return (self.protocol, self.port, _network(self.source))

    def entry(self) -> Entry:
        """Return the canonical form."""
        return {"port": self.port, "protocol": self.protocol, "source": _network(self.source)}


def _network(source: object) -> str:
    # An integer would pass for an address.
    text = check_kind("source", source, str, meaning="a network as text")
    try:
        return str(ipaddress.ip_network(text))
    except ValueError as error:
        raise ValueError(f"source must be a network: {error}") from error
