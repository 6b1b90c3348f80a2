"""A host compared with what is declared: what counts, what does not, and what cannot be told."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.domain.fingerprint import value_digest
from reconciler.domain.host_baselines import (
    NO_EPOCH,
    HostBaseline,
    HostChange,
    HostSection,
    baseline_of,
    compare,
    epoch_of,
)
from reconciler.domain.host_severity import severity_of
from reconciler.domain.model import Severity

KEY = b"k"
MOTD = {"path": "/etc/motd", "sha256": "a", "mode": "0644", "owner": "root", "group": "root"}
LIVE = {"type": "file", "sha256": "a", "mode": "0644", "owner": "root", "group": "root"}


def declared(*, claims: tuple[str, ...] = (), **sections: Any) -> HostBaseline:
    form = {"host": "web-1", "claims": list(claims), **sections}
    made = baseline_of("hosts/urn", "trueup:host:Baseline", form)
    assert made is not None
    return made


def differences(baseline: HostBaseline, **sections: Any) -> list[tuple[str, Any, Any]]:
    seen = {
        name: leaves if isinstance(leaves, HostSection) else HostSection("ok", leaves)
        for name, leaves in sections.items()
    }
    return [(one.path, one.declared, one.live) for one in compare(baseline, seen, key=KEY)]


CASES: tuple[tuple[str, dict[str, Any], dict[str, Any], list[str]], ...] = (
    ("as declared", {"files": [MOTD]}, {"files": {"/etc/motd": LIVE}}, []),
    ("other files mean nothing", {"files": [MOTD]},
     {"files": {"/etc/motd": LIVE, "/etc/x": LIVE}}, []),
    ("one attribute", {"files": [MOTD]}, {"files": {"/etc/motd": {**LIVE, "mode": "0666"}}},
     ['files["/etc/motd"].mode']),
    ("not there", {"files": [MOTD]}, {"files": {}}, ['files["/etc/motd"]']),
    ("any version", {"packages": [{"name": "nginx", "version": "present"}]},
     {"packages": {"nginx": {"version": "1"}}}, []),
    ("another version", {"packages": [{"name": "nginx", "version": "2"}]},
     {"packages": {"nginx": {"version": "1"}}}, ['packages["nginx"].version']),
    ("a package too many", {"packages": [{"name": "telnetd", "version": "absent"}]},
     {"packages": {"telnetd": {"version": "1"}}}, ['packages["telnetd"]']),
    ("an absent package is absent", {"packages": [{"name": "telnetd", "version": "absent"}]},
     {"packages": {}}, []),
    ("a service that is off and not there",
     {"services": [{"name": "cups.service", "enabled": False, "running": False}]},
     {"services": {}}, []),
    ("a service that should run and is not there",
     {"services": [{"name": "ssh.service", "enabled": True, "running": True}]},
     {"services": {}}, ['services["ssh.service"]']),
    ("a claimed firewall admits nothing else",
     {"firewall": [{"protocol": "tcp", "port": 22, "source": "10.0.0.0/8"}],
      "claims": ["firewall"]},
     {"firewall": {"tcp/22/10.0.0.0/8": {"protocol": "tcp", "port": 22, "source": "10.0.0.0/8"},
                   "tcp/23/0.0.0.0/0": {"protocol": "tcp", "port": 23, "source": "0.0.0.0/0"},
                   "chain/inet/filter/input": {"policy": "drop"}}},
     ['firewall["tcp/23/0.0.0.0/0"]']),
    ("a section that could not be read", {"sysctl": [{"name": "a.b", "value": "1"}]},
     {"sysctl": HostSection("denied", {})}, ["sysctl"]),
    ("a section that was never captured", {"sysctl": [{"name": "a.b", "value": "1"}]}, {},
     ["sysctl"]),
    ("a file that may not be read", {"files": [MOTD]},
     {"files": {"/etc/motd": {**LIVE, "unreadable": "denied"}}}, ['files["/etc/motd"]']),
)  # fmt: skip


@pytest.mark.parametrize(("reason", "form", "live", "paths"), CASES, ids=[one[0] for one in CASES])
def test_a_host_differs_where_it_is_not_as_declared(
    reason: str, form: dict[str, Any], live: dict[str, Any], paths: list[str]
) -> None:
    del reason
    claims = tuple(form.pop("claims", ()))
    found = differences(declared(claims=claims, **form), **live)
    assert [path for path, _, _ in found] == paths


def test_a_secret_is_compared_by_its_keyed_digest() -> None:
    hidden = {**MOTD, "sha256": {"digest": value_digest("a", key=KEY)}}
    assert differences(declared(files=[hidden]), files={"/etc/motd": LIVE}) == []
    ((path, _, live),) = differences(
        declared(files=[hidden]), files={"/etc/motd": {**LIVE, "sha256": "b"}}
    )
    assert (path, live) == ('files["/etc/motd"].sha256', {"digest": value_digest("b", key=KEY)})


@pytest.mark.parametrize(
    ("type_", "definition"),
    [
        ("aws_instance", {"host": "web-1"}),
        ("terraform_data", {"input": {"value": "x", "type": "string"}}),
        ("terraform_data", {"input": None}),
        ("trueup:host:Baseline", {"files": []}),
        ("trueup:host:Baseline", {"host": {"digest": "x"}}),
    ],
)
def test_what_declares_no_host_is_no_baseline(type_: str, definition: dict[str, Any]) -> None:
    assert baseline_of("s/a", type_, definition) is None


def test_terraform_declares_a_host_in_its_input_with_or_without_a_type() -> None:
    form = {"trueup_host": {"host": "WEB-1", "files": [MOTD]}}
    for value in (form, {"value": form, "type": ["object", {}]}):
        made = baseline_of("s/a", "terraform_data", {"input": value})
        assert made is not None
        assert (made.host, list(made.declared["files"])) == ("web-1", ["/etc/motd"])


@given(st.permutations(["a", "b", "c"]))
def test_the_order_of_baselines_and_of_their_entries_names_no_other_epoch(order: list[str]) -> None:
    files = [{**MOTD, "path": f"/{name}"} for name in order]
    assert epoch_of([declared(files=files)]) == epoch_of([declared(files=files[::-1])])
    assert epoch_of([]) == NO_EPOCH


@pytest.mark.parametrize(
    ("path", "severity"),
    [
        ("/etc/ssh/sshd_config", Severity.HIGH),
        ("/etc/sudoers.d/ana", Severity.HIGH),
        ("/etc/logrotate.d/nginx", Severity.LOW),
        ("/etc/nginx/nginx.conf", Severity.MEDIUM),
    ],
)
def test_the_gravest_place_makes_the_severity(path: str, severity: Severity) -> None:
    changes = compare(
        declared(files=[{**MOTD, "path": path}, MOTD]),
        {"files": HostSection("ok", {"/etc/motd": LIVE})},
        key=KEY,
    )
    assert severity_of("web-1", changes)[0] is severity


def test_the_reason_names_each_section_that_differs_and_what_could_not_be_read() -> None:
    def told(*changes: tuple[str, Any]) -> str:
        found = [HostChange(name, "", name, None, live) for name, live in changes]
        return severity_of("web-1", found)[1]

    unread = {"unreadable": "not captured"}
    assert told(("files", "a"), ("sysctl", "b")) == "files and sysctl of host web-1 differ"
    assert told(("sysctl", "b")) == "sysctl of host web-1 differs"
    assert told(("files", "a"), ("sudoers", "b")) == "sudoers and files of host web-1 differ"
    assert told(("files", "a"), ("sysctl", unread)) == (
        "files of host web-1 differ; sysctl could not be read"
    )
    assert told(("sysctl", unread)) == "sysctl of host web-1 could not be read"
