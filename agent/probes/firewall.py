"""What the firewall lets in, and every other rule as it stands, without counters and handles."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from agent.probes.command import ask
from agent.protocol.tree import OK, Section

_TIMEOUT_S = 20.0
_EVERYWHERE = {"ip": "0.0.0.0/0", "ip6": "::/0"}
_COUNTERS = re.compile(r"\[\d+:\d+\]")
_VALUES_OF_OPTIONS = 2


def firewall_section(root: Path) -> Section:
    """Return the rules of nftables, else of iptables."""
    if root != Path("/"):
        return Section("unsupported")
    said = ask(["nft", "-j", "list", "ruleset"], timeout_s=_TIMEOUT_S)
    if said.status == OK:
        return Section(OK, read_nft(said.text))
    if said.status != "unsupported":
        return Section(said.status)
    said = ask(["iptables-save"], timeout_s=_TIMEOUT_S)
    return Section(said.status, read_iptables(said.text))


def read_nft(text: str) -> dict[str, Any]:
    """Return the rules of `nft -j list ruleset`; the order within a chain is part of the key.

    A rule that only admits ports is `PROTOCOL/PORT/SOURCE`, as a baseline declares it.
    """
    leaves: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    inputs = set()
    for item in json.loads(text or "{}").get("nftables", []):
        chain, rule = item.get("chain"), item.get("rule")
        if chain is not None and "hook" in chain:
            name = _chain(chain, chain["name"])
            if chain["hook"] == "input":
                inputs.add(name)
            policy = str(chain.get("policy", "accept"))
            leaves[f"chain/{name}"] = {"hook": chain["hook"], "policy": policy}
        if rule is None:
            continue
        name = _chain(rule, rule["chain"])
        admitted = list(_admitted(rule["expr"])) if name in inputs else []
        for key in admitted:
            protocol, port, source = key.split("/", 2)
            leaves[key] = {"port": int(port), "protocol": protocol, "source": source}
        if not admitted:
            numbers[name] = numbers.get(name, 0) + 1
            leaves[f"rule/{name}/{numbers[name]:04}"] = {"rule": _plain(rule["expr"])}
    return leaves


def read_iptables(text: str) -> dict[str, Any]:
    """Return the rules of `iptables-save`, likewise."""
    leaves: dict[str, Any] = {}
    numbers: dict[str, int] = {}
    table = ""
    for raw in text.splitlines():
        line = _COUNTERS.sub("", raw).strip()
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith(":"):
            chain, policy = line[1:].split()[:2]
            leaves[f"chain/{table}/{chain}"] = {"policy": policy}
        elif line.startswith("-A "):
            words = line.split()
            chain = words[1]
            key = _admitted_by(words[2:]) if (table, chain) == ("filter", "INPUT") else None
            if key is not None:
                protocol, port, source = key.split("/", 2)
                leaves[key] = {"port": int(port), "protocol": protocol, "source": source}
                continue
            name = f"{table}/{chain}"
            numbers[name] = numbers.get(name, 0) + 1
            leaves[f"rule/{name}/{numbers[name]:04}"] = {"rule": " ".join(words[2:])}
    return leaves


def _chain(thing: Mapping[str, Any], chain: str) -> str:
    return f"{thing['family']}/{thing['table']}/{chain}"


def _admitted(expressions: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what a rule admits, if admitting ports is all it does."""
    ports: list[tuple[str, int]] = []
    source = _EVERYWHERE["ip"]
    accepts = False
    for expression in expressions:
        if "counter" in expression:
            continue
        if "accept" in expression:
            accepts = True
            continue
        match = expression.get("match", {})
        payload = match.get("left", {}).get("payload", {})
        kind, field, right = payload.get("protocol"), payload.get("field"), match.get("right")
        if match.get("op") not in {"==", "in"}:
            return
        if kind in {"tcp", "udp"} and field == "dport":
            numbers = right["set"] if isinstance(right, dict) and "set" in right else [right]
            if not all(isinstance(number, int) for number in numbers):
                return
            ports = [(kind, number) for number in numbers]
        elif kind in _EVERYWHERE and field == "saddr":
            source = _network(right)
        else:
            return
    if accepts and source:
        yield from (f"{protocol}/{port}/{source}" for protocol, port in ports)


def _network(right: Any) -> str:
    if isinstance(right, str):
        return f"{right}/128" if ":" in right else f"{right}/32"
    prefix = right.get("prefix", {}) if isinstance(right, dict) else {}
    return f"{prefix['addr']}/{prefix['len']}" if prefix else ""


def _plain(expressions: Sequence[Mapping[str, Any]]) -> str:
    # As text: its nesting is nft's own, and deeper than a leaf may be.
    kept = [
        {"counter": None} if "counter" in expression else expression for expression in expressions
    ]
    return json.dumps(kept, sort_keys=True, separators=(",", ":"))


def _admitted_by(words: Sequence[str]) -> str | None:
    options = dict(zip(words[::2], words[1::2]))
    if len(words) % _VALUES_OF_OPTIONS or options.pop("-j", None) != "ACCEPT":
        return None
    protocol, port = options.pop("-p", ""), options.pop("--dport", "")
    source = options.pop("-s", _EVERYWHERE["ip"])
    options.pop("-m", None)
    if options or protocol not in {"tcp", "udp"} or not port.isdigit():
        return None
    return f"{protocol}/{port}/{source}"
