"""Addresses and routes, as somebody set them: no lifetimes, and no container's interfaces."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from agent.probes.command import ask
from agent.protocol.tree import OK, Section

_TIMEOUT_S = 20.0
_PASSING = ("veth", "cali", "cni", "flannel", "docker", "br-", "virbr", "tap")


def network_section(root: Path) -> Section:
    """Return the interfaces and the routes."""
    if root != Path("/"):
        return Section("unsupported")
    addresses = ask(["ip", "-j", "address"], timeout_s=_TIMEOUT_S)
    routes = ask(["ip", "-j", "route"], timeout_s=_TIMEOUT_S)
    if addresses.status != OK:
        return Section(addresses.status)
    return Section(routes.status, {**read_addresses(addresses.text), **read_routes(routes.text)})


def read_addresses(text: str) -> dict[str, Any]:
    """Return what `ip -j address` says; temporary addresses come and go by themselves."""
    return {
        f"interface/{link['ifname']}": {
            "mtu": link.get("mtu"),
            "addresses": sorted(
                f"{entry['local']}/{entry['prefixlen']}"
                for entry in link.get("addr_info", [])
                if "local" in entry and not entry.get("temporary")
            ),
        }
        for link in json.loads(text or "[]")
        if "ifname" in link and not link["ifname"].startswith(_PASSING)
    }


def read_routes(text: str) -> dict[str, Any]:
    """Return what `ip -j route` says."""
    return {
        f"route/{route.get('dst')}/{route.get('dev', '')}": {
            name: route[name] for name in ("gateway", "metric", "type") if name in route
        }
        for route in json.loads(text or "[]")
        if not str(route.get("dev", "")).startswith(_PASSING)
    }
