"""What a host declaration refuses, and that its canonical form depends on its meaning alone."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

Make = Callable[[Any], Any]
DIGEST = "a" * 64

REFUSED: list[tuple[str, Make]] = [
    ("path must be absolute, not 'etc/motd'", lambda h: h.File("etc/motd", content="")),
    ("path must be absolute, not ''", lambda h: h.File("", content="")),
    ("path must be absolute, not None", lambda h: h.File(None, content="")),
    ("path must be written the shortest way", lambda h: h.File("/", content="")),
    ("path must be written the shortest way", lambda h: h.File("/etc/", content="")),
    ("path must be written the shortest way", lambda h: h.File("//etc/motd", content="")),
    ("path must be written the shortest way", lambda h: h.File("/etc/../motd", content="")),
    ("path must hold printable characters", lambda h: h.File("/etc/mo\ntd", content="")),
    ("path must hold printable characters", lambda h: h.File("/etc/mo\0td", content="")),
    ("mode must be three or four octal", lambda h: h.File("/a", content="", mode="888")),
    ("mode must be three or four octal", lambda h: h.File("/a", content="", mode="0o644")),
    ("mode must be three or four octal", lambda h: h.File("/a", content="", mode="44")),
    ("mode must be three or four octal", lambda h: h.File("/a", content="", mode=0o644)),
    ("owner must be the name or number", lambda h: h.File("/a", content="", owner="")),
    ("owner must be the name or number", lambda h: h.File("/a", content="", owner="a b")),
    ("group must be the name or number", lambda h: h.File("/a", content="", group="-wheel")),
    ("content or sha256 must be given", lambda h: h.File("/a")),
    ("only one of them", lambda h: h.File("/a", content="x", sha256=DIGEST)),
    ("content must be a text or an output, not of type bytes", lambda h: h.File("/a", b"x")),
    ("content must be text that can be written", lambda h: h.File("/a", content="\udc80")),
    ("sha256 must be 64 lower-case", lambda h: h.File("/a", sha256=DIGEST.upper())),
    ("sha256 must be 64 lower-case", lambda h: h.File("/a", sha256="abc")),
    ("keep_content must be True or False", lambda h: h.File("/a", "x", keep_content="no")),
    ("keep_content needs `content`", lambda h: h.File("/a", sha256=DIGEST, keep_content=True)),
    ("name must be the name of a package", lambda h: h.Package("")),
    ("name must be the name of a package", lambda h: h.Package("nginx curl")),
    ("version must be a version, 'present' or", lambda h: h.Package("nginx", "")),
    ("version must be a version, 'present' or", lambda h: h.Package("nginx", "1 || 2")),
    ("version must be a version, 'present' or", lambda h: h.Package("nginx", 1)),
    ("name must be the name of a unit", lambda h: h.Service("ssh server")),
    ("name must be the name of a unit", lambda h: h.Service("../ssh")),
    ("enabled must be True or False, not 'yes'", lambda h: h.Service("ssh", enabled="yes")),
    ("running must be True or False, not 1", lambda h: h.Service("ssh", running=1)),
    ("name must be a setting such as", lambda h: h.Sysctl("ip_forward", 1)),
    ("name must be a setting such as", lambda h: h.Sysctl("net.ipv4.", 1)),
    ("value must be a whole number or a line", lambda h: h.Sysctl("a.b", value=True)),
    ("value must be a whole number or a line", lambda h: h.Sysctl("a.b", 1.5)),
    ("value must be a whole number or a line", lambda h: h.Sysctl("a.b", " ")),
    ("port must be 1 to 65535, not 0", lambda h: h.FirewallRule(0, "0.0.0.0/0")),
    ("port must be 1 to 65535, not 65536", lambda h: h.FirewallRule(65536, "0.0.0.0/0")),
    ("port must be 1 to 65535, not -1", lambda h: h.FirewallRule(-1, "0.0.0.0/0")),
    ("port must be 1 to 65535, not '443'", lambda h: h.FirewallRule("443", "0.0.0.0/0")),
    ("port must be 1 to 65535, not True", lambda h: h.FirewallRule(port=True, source="::/0")),
    ("port must be 1 to 65535, not 443.0", lambda h: h.FirewallRule(443.0, "0.0.0.0/0")),
    ("protocol must be 'tcp' or 'udp'", lambda h: h.FirewallRule(443, "0.0.0.0/0", "icmp")),
    ("source must be a network: ", lambda h: h.FirewallRule(443, "everywhere")),
    ("source must be a network: 10.0.0.1/8 has", lambda h: h.FirewallRule(443, "10.0.0.1/8")),
    ("source must be a network as text", lambda h: h.FirewallRule(443, 0)),
    ("host must be a host name", lambda h: h.HostDeclaration(host="")),
    ("host must be a host name", lambda h: h.HostDeclaration(host="Web-1")),
    ("host must be a host name", lambda h: h.HostDeclaration(host="web_1")),
    ("host must be a host name", lambda h: h.HostDeclaration(host="-web")),
    ("host must be a host name", lambda h: h.HostDeclaration(host="a" * 64)),
    ("host must be a host name", lambda h: h.HostDeclaration(host=".".join(["a" * 49] * 6))),
    (
        "files[1] declares /a a second time, after [0]",
        lambda h: h.HostDeclaration(host="a", files=[h.File("/a", ""), h.File("/a", "x")]),
    ),
    (
        "packages[2] declares nginx a second time, after [0]",
        lambda h: h.HostDeclaration(
            host="a", packages=[h.Package("nginx"), h.Package("curl"), h.Package("nginx", "1.2")]
        ),
    ),
    (
        "services[1] declares ssh.service a second time",
        lambda h: h.HostDeclaration(
            host="a", services=[h.Service("ssh"), h.Service("ssh.service")]
        ),
    ),
    (
        "sysctl[1] declares a.b a second time",
        lambda h: h.HostDeclaration(host="a", sysctl=[h.Sysctl("a.b", 1), h.Sysctl("a.b", 2)]),
    ),
    (
        "firewall[1] declares tcp 22 10.0.0.1/32 a second time",
        lambda h: h.HostDeclaration(
            host="a", firewall=[h.FirewallRule(22, "10.0.0.1"), h.FirewallRule(22, "10.0.0.1/32")]
        ),
    ),
    (
        "files[0] must be a File, not of type Package",
        lambda h: h.HostDeclaration(host="a", files=[h.Package("nginx")]),
    ),
    (
        "claims[0] must be one of files, firewall, packages, services, sysctl, not 'users'",
        lambda h: h.HostDeclaration(host="a", claims=["users"]),
    ),
    (
        "claims[1] names files a second time",
        lambda h: h.HostDeclaration(host="a", claims=["files", "files"]),
    ),
    ("groups must be a list", lambda h: h.HostDeclaration(host="a", groups="web")),
    ("claims must be a list", lambda h: h.HostDeclaration(host="a", claims="files")),
]


@pytest.mark.parametrize(("sentence", "make"), REFUSED, ids=[s for s, _ in REFUSED])
def test_what_cannot_be_is_refused_by_name(host: Any, sentence: str, make: Make) -> None:
    with pytest.raises(ValueError, match=re.escape(sentence)):
        make(host)


@pytest.mark.parametrize(
    "make",
    [
        lambda h: h.File("/etc/a", content="p4ssw0rd", mode="bad"),
        lambda h: h.File("/etc/a", content="p4ssw0rd", sha256=DIGEST),
        lambda h: h.File("etc/a", content="p4ssw0rd"),
        lambda h: h.File("/etc/a", content="p4ssw0rd\udc80"),
        lambda h: h.File("/etc/a", content=["p4ssw0rd"]),
        lambda h: h.File("/etc/a", sha256="p4ssw0rd"),
        lambda h: h.HostDeclaration(host="a", files=[{"content": "p4ssw0rd"}]),
        lambda h: h.HostDeclaration(host="a", files=[h.File("/a", "p4ssw0rd")] * 2),
    ],
)
def test_no_refusal_repeats_content(host: Any, make: Make) -> None:
    with pytest.raises(ValueError, match=r".") as refused:
        make(host)

    assert "p4ssw0rd" not in str(refused.value)


def test_content_becomes_its_digest(host: Any) -> None:
    file = host.File("/etc/motd", content="grüß Gott\n", mode="600", owner="web", group="33")

    assert file.entry() == {
        "path": "/etc/motd",
        "sha256": hashlib.sha256("grüß Gott\n".encode()).hexdigest(),
        "mode": "0600",
        "owner": "web",
        "group": "33",
    }
    assert "Gott" not in repr(file)


def test_a_digest_given_is_the_digest_stored(host: Any) -> None:
    content = "x" * 100
    digest = hashlib.sha256(content.encode()).hexdigest()

    assert host.File("/a", sha256=digest).entry() == host.File("/a", content=content).entry()


@pytest.mark.parametrize(
    ("make", "entry"),
    [
        (lambda h: h.Package("nginx"), {"name": "nginx", "version": "present"}),
        (lambda h: h.Package("telnetd", h.ABSENT), {"name": "telnetd", "version": "absent"}),
        (
            lambda h: h.Package("libc6:i386", "1:2.36-9+deb12u4~x"),
            {"name": "libc6:i386", "version": "1:2.36-9+deb12u4~x"},
        ),
        (
            lambda h: h.Service("getty@tty1", running=False),
            {"name": "getty@tty1.service", "enabled": True, "running": False},
        ),
        (
            lambda h: h.Service("fstrim.timer"),
            {"name": "fstrim.timer", "enabled": True, "running": True},
        ),
        (lambda h: h.Sysctl("vm.swappiness", 10), {"name": "vm.swappiness", "value": "10"}),
        (
            lambda h: h.Sysctl("net.ipv4.tcp_rmem", " 4096\t131072  6291456 "),
            {"name": "net.ipv4.tcp_rmem", "value": "4096 131072 6291456"},
        ),
        (
            lambda h: h.FirewallRule(53, "fd00:0::/8", "udp"),
            {"port": 53, "protocol": "udp", "source": "fd00::/8"},
        ),
    ],
)
def test_entries_are_written_one_way(host: Any, make: Make, entry: dict[str, Any]) -> None:
    assert make(host).entry() == entry


_WORD = st.text("abcdefghijklmnop0123456789", min_size=1, max_size=8)
_NETWORK = st.ip_addresses().map(str)
_PARTS = st.fixed_dictionaries(
    {
        "files": st.dictionaries(
            _WORD, st.tuples(st.text(max_size=9), st.sampled_from(["600", "0644"]))
        ),
        "packages": st.dictionaries(_WORD, _WORD),
        "services": st.dictionaries(_WORD, st.tuples(st.booleans(), st.booleans())),
        "sysctl": st.dictionaries(_WORD, st.integers()),
        "firewall": st.dictionaries(
            st.tuples(st.integers(1, 65535), _NETWORK, st.sampled_from(["tcp", "udp"])), st.none()
        ),
        "claims": st.lists(st.sampled_from(["files", "firewall", "sysctl"]), unique=True),
    }
)


def declare(host: Any, parts: dict[str, Any], shuffle: Callable[[list[Any]], list[Any]]) -> Any:
    return host.HostDeclaration(
        host="web-1",
        files=shuffle([host.File(f"/{p}", c, mode=m) for p, (c, m) in parts["files"].items()]),
        packages=shuffle([host.Package(*part) for part in parts["packages"].items()]),
        services=shuffle(
            [host.Service(n, enabled=e, running=r) for n, (e, r) in parts["services"].items()]
        ),
        sysctl=shuffle(
            [host.Sysctl(f"a.{name}", value) for name, value in parts["sysctl"].items()]
        ),
        firewall=shuffle([host.FirewallRule(*part) for part in parts["firewall"]]),
        claims=shuffle(parts["claims"]),
    )


@given(parts=_PARTS, data=st.data())
def test_the_order_of_writing_leaves_no_trace(
    host: Any, parts: dict[str, Any], data: st.DataObject
) -> None:
    written = declare(host, parts, lambda items: items).canonical()
    shuffled = declare(host, parts, lambda items: data.draw(st.permutations(items))).canonical()

    assert json.dumps(written) == json.dumps(shuffled)


@given(parts=_PARTS)
def test_a_declaration_is_whole_and_of_the_agent_s_data_model(
    host: Any, parts: dict[str, Any]
) -> None:
    canonical = declare(host, parts, lambda items: items).canonical()

    assert canonical.keys() == {"schema", "host", *parts}
    assert all(len(canonical[section]) == len(parts[section]) for section in parts)
    assert all(key.isascii() for key in _keys(canonical))
    assert {type(leaf) for leaf in _leaves(canonical)} <= {str, int, bool}


def _keys(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [*value, *(key for below in value.values() for key in _keys(below))]
    return [key for below in value for key in _keys(below)] if isinstance(value, list) else []


def _leaves(value: Any) -> list[Any]:
    below = value.values() if isinstance(value, dict) else value
    if isinstance(value, (dict, list)):
        return [leaf for one in below for leaf in _leaves(one)]
    return [value]
