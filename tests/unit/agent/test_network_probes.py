"""Firewall, addresses and certificates: pure parsers on recorded output."""

from __future__ import annotations

import json
from pathlib import Path

from agent.probes.certificates import read_certificates
from agent.probes.firewall import read_iptables, read_nft
from agent.probes.network import read_addresses, read_routes

NFT = {
    "nftables": [
        {"metainfo": {"version": "1.0.6"}},
        {"chain": {"family": "inet", "table": "filter", "name": "input", "handle": 1,
                   "type": "filter", "hook": "input", "prio": 0, "policy": "drop"}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 4, "expr": [
            {"match": {"op": "in", "left": {"ct": {"key": "state"}},
                       "right": ["established", "related"]}}, {"accept": None}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 5, "expr": [
            {"match": {"op": "==", "left": {"payload": {"protocol": "ip", "field": "saddr"}},
                       "right": {"prefix": {"addr": "10.0.0.0", "len": 8}}}},
            {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
                       "right": 22}},
            {"counter": {"packets": 7, "bytes": 420}}, {"accept": None}]}},
        {"rule": {"family": "inet", "table": "filter", "chain": "input", "handle": 6, "expr": [
            {"match": {"op": "==", "left": {"payload": {"protocol": "tcp", "field": "dport"}},
                       "right": {"set": [80, 443]}}}, {"accept": None}]}},
    ]
}  # fmt: skip


def test_nft_rules_that_admit_ports_are_what_a_baseline_declares() -> None:
    leaves = read_nft(json.dumps(NFT))
    assert leaves["chain/inet/filter/input"] == {"hook": "input", "policy": "drop"}
    assert leaves["tcp/22/10.0.0.0/8"] == {"port": 22, "protocol": "tcp", "source": "10.0.0.0/8"}
    assert {"tcp/80/0.0.0.0/0", "tcp/443/0.0.0.0/0"} < leaves.keys()
    assert [key for key in leaves if key.startswith("rule/")] == ["rule/inet/filter/input/0001"]


def test_counters_of_a_firewall_leave_no_trace() -> None:
    busy = json.dumps(NFT).replace('"packets": 7', '"packets": 9').replace('"handle": 5', '"h": 1')
    assert read_nft(busy) == read_nft(json.dumps(NFT))


def test_iptables_says_the_same() -> None:
    text = (
        "# Generated on Mon\n*filter\n:INPUT DROP [12:3400]\n"
        "-A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT\n"
        "-A INPUT -s 10.0.0.0/8 -p tcp -m tcp --dport 22 -j ACCEPT\nCOMMIT\n"
    )
    leaves = read_iptables(text)
    assert leaves["chain/filter/INPUT"] == {"policy": "DROP"}
    assert leaves["tcp/22/10.0.0.0/8"]["port"] == 22
    assert "rule/filter/INPUT/0001" in leaves


def test_addresses_that_come_by_themselves_are_left_out() -> None:
    links = [
        {"ifname": "eth0", "mtu": 1500, "addr_info": [
            {"local": "10.0.0.5", "prefixlen": 24, "valid_life_time": 3000},
            {"local": "2001:db8::1", "prefixlen": 64, "temporary": True}]},
        {"ifname": "veth12", "addr_info": []},
    ]  # fmt: skip
    routes = [{"dst": "default", "gateway": "10.0.0.1", "dev": "eth0", "flags": []}]
    assert read_addresses(json.dumps(links)) == {
        "interface/eth0": {"mtu": 1500, "addresses": ["10.0.0.5/24"]}
    }
    assert read_routes(json.dumps(routes)) == {"route/default/eth0": {"gateway": "10.0.0.1"}}


def test_a_certificate_says_when_it_ends_and_its_key_is_passed_over(tmp_path: Path) -> None:
    from tests.certificates import self_signed  # noqa: PLC0415

    made = self_signed(tmp_path, days=90)
    content = made.certificate.read_bytes() + made.key.read_bytes()
    (found,) = read_certificates(content)
    assert found["not_after"] == made.not_after.strftime("%Y%m%d%H%M%SZ")
    assert found["sha256"] == made.sha256
