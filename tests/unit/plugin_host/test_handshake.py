from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iac_adapters.plugin_host.errors import PluginStartError
from iac_adapters.plugin_host.handshake import Handshake, parse_handshake, parse_port_line


def test_reads_what_terraform_providers_print() -> None:
    assert parse_handshake("1|5|unix|/tmp/p1|grpc|\n") == Handshake(1, 5, "unix", "/tmp/p1")
    six = parse_handshake("1|6|tcp|127.0.0.1:99|grpc||true")
    assert (six.protocol_version, six.address, six.multiplex) == (6, "127.0.0.1:99", True)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("", "empty line"),
        ("4711", "Pulumi"),
        ("usage: x", "usage: x"),
        ("2|5|unix|/x|grpc|", "core version 2"),
        ("1|x|unix|/x|grpc|", "protocol version"),
        ("1|5|pipe|/x|grpc|", "listens on 'pipe'"),
        ("1|4|unix|/x", "net/rpc"),
        ("1|5|unix|/x|grpc|MIIB", "TLS"),
    ],
)
def test_says_what_is_wrong_with_a_line(line: str, words: str) -> None:
    with pytest.raises(PluginStartError, match=words):
        parse_handshake(line)


@given(st.text())
def test_any_line_is_a_handshake_or_refused(line: str) -> None:
    for parse in (parse_handshake, parse_port_line):
        try:
            assert isinstance(parse(line), Handshake)
        except PluginStartError:
            continue


def test_reads_a_port() -> None:
    assert parse_port_line("8080\n").address == "127.0.0.1:8080"
