"""The first line a plugin prints: where it listens and how it wants to be spoken to.

Source: docs/internals.md and server.go of hashicorp/go-plugin; a Pulumi plugin prints
only the TCP port it listens on (sdk/go/common/resource/plugin of pulumi/pulumi).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from iac_adapters.plugin_host.errors import PluginStartError

_CORE_VERSION: Final = 1
_LEAST_FIELDS: Final = 4
_NETWORKS: Final = ("unix", "tcp")
_HIGHEST_PORT: Final = 65535
_SHOWN_CHARACTERS: Final = 60


@dataclass(frozen=True, slots=True)
class Handshake:
    """Where a plugin listens; `address` is a socket path (unix) or host:port (tcp).

    `protocol_version` is 0 for plugins that do not name one in their first line.
    """

    core_version: int
    protocol_version: int
    network: str
    address: str
    multiplex: bool = False


def parse_handshake(line: str) -> Handshake:
    """Read a go-plugin line: `CORE|PROTOCOL|NETWORK|ADDRESS[|TYPE[|CERTIFICATE[|MULTIPLEX]]]`.

    Raises:
        PluginStartError: the line is none, or asks for what trueup does not speak.
    """
    text = line.strip()
    fields = text.split("|")
    if len(fields) < _LEAST_FIELDS:
        raise PluginStartError(_explain_stranger(text), remedy=_REMEDY)
    core, protocol, network, address, *rest = fields
    kind, certificate, multiplex = (*rest, "", "", "")[:3]
    if _number(core, "core version") != _CORE_VERSION:
        raise PluginStartError(f"the plugin speaks go-plugin core version {core}, not 1")
    if network not in _NETWORKS or not address:
        raise PluginStartError(f"the plugin listens on {_shown(network)!r}, not on unix or tcp")
    if kind != "grpc":
        raise PluginStartError(
            "the plugin speaks net/rpc, not gRPC: it was built for Terraform 0.11 or older",
            remedy="install a newer version of it",
        )
    if certificate:
        raise PluginStartError("the plugin insists on TLS although none was asked for")
    return Handshake(
        core_version=_CORE_VERSION,
        protocol_version=_number(protocol, "protocol version"),
        network=network,
        address=address,
        multiplex=multiplex.lower() == "true",
    )


def parse_port_line(line: str) -> Handshake:
    """Read a line that holds nothing but a TCP port of the loopback interface.

    Raises:
        PluginStartError: it holds anything else.
    """
    text = line.strip()
    if not text.isascii() or not text.isdigit() or not 0 < int(text[:9]) <= _HIGHEST_PORT:
        raise PluginStartError(f"the plugin printed {_shown(text)!r} instead of a port number")
    return Handshake(_CORE_VERSION, 0, "tcp", f"127.0.0.1:{int(text)}")


_REMEDY: Final = "check that the file is the provider it is named after, built for this machine"


def _explain_stranger(text: str) -> str:
    if not text:
        return "the plugin printed an empty line instead of its address"
    if text.isascii() and text.isdigit():
        return "the program printed only a port: it is a Pulumi plugin, not a Terraform provider"
    return f"the program printed {_shown(text)!r} instead of a plugin's address"


def _number(text: str, what: str) -> int:
    if text.isascii() and text.isdigit():
        return int(text[:9])
    raise PluginStartError(f"the plugin named {_shown(text)!r} as its {what}", remedy=_REMEDY)


def _shown(text: str) -> str:
    printable = "".join(char if char.isprintable() else "?" for char in text)
    if len(printable) <= _SHOWN_CHARACTERS:
        return printable
    return printable[: _SHOWN_CHARACTERS - 1] + "…"
