"""Pure parsers of probes on recorded output, and the limits that every program is asked within."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zipapp
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from agent.identity import Identity, keep_identity
from agent.probes.accounts import read_groups, read_rules, read_users, sudoers_section
from agent.probes.certificates import read_certificates
from agent.probes.command import ask
from agent.probes.cron import read_table
from agent.probes.firewall import read_iptables, read_nft
from agent.probes.kernel import read_modules, read_mounts, setting_of, sysctl_section
from agent.probes.network import read_addresses, read_routes
from agent.probes.packages import packages_section, read_dpkg, read_dpkg_status, read_rpm
from agent.probes.services import read_units
from agent.probes.sshd import read_settings
from agent.probes.table import run_probes
from agent.protocol.tree import Section

_NOBODY: Final = 65534


def test_dpkg_lists_what_is_installed_and_not_what_left_its_configuration() -> None:
    text = "libc6:amd64\t2.36-9\tinstalled\nold\t1.0\tconfig-files\nnginx\t1.22.1-9\tinstalled\n"
    assert read_dpkg(text) == {
        "libc6:amd64": {"version": "2.36-9"},
        "nginx": {"version": "1.22.1-9"},
    }


def test_rpm_keeps_two_kernels_apart_and_passes_over_keys() -> None:
    text = (
        "bash\t5.1.8-6.el9\tx86_64\nkernel\t5.14.0-2.el9\tx86_64\n"
        "kernel\t5.14.0-1.el9\tx86_64\ngpg-pubkey\t8483c65d-5ccc5b19\t(none)\n"
    )
    assert read_rpm(text) == {
        "bash": {"version": "5.1.8-6.el9"},
        "kernel": {"versions": ["5.14.0-1.el9.x86_64", "5.14.0-2.el9.x86_64"]},
    }


def test_units_say_whether_they_start_and_run() -> None:
    files = (
        "getty@.service enabled enabled\nssh.service enabled enabled\n"
        "cups.service disabled enabled\nnginx.service masked enabled\n"
    )
    units = (
        "ssh.service loaded active running OpenBSD Secure Shell server\n"
        "apt-daily.timer loaded active waiting Daily apt download\n"
        "cups.service loaded inactive dead CUPS\n"
    )
    assert read_units(files, units) == {
        "ssh.service": {"enabled": True, "state": "enabled", "running": True},
        "cups.service": {"enabled": False, "state": "disabled", "running": False},
        "nginx.service": {"enabled": False, "state": "masked", "running": False},
        "apt-daily.timer": {"enabled": False, "state": "generated", "running": True},
    }


def test_users_are_told_without_their_passwords() -> None:
    text = "root:x:0:0:root:/root:/bin/bash\nbroken\nana:$6$secret:1000:1000::/home/ana:/bin/sh\n"
    assert read_users(text)["ana"] == {
        "uid": "1000",
        "gid": "1000",
        "home": "/home/ana",
        "shell": "/bin/sh",
    }
    assert "secret" not in json.dumps(read_users(text))


def test_members_of_a_group_have_no_order() -> None:
    assert read_groups("sudo:x:27:eve,ana\n") == {"sudo": {"gid": "27", "members": ["ana", "eve"]}}


def test_sudo_rules_keep_their_order_and_lose_comments() -> None:
    text = (
        "# a comment\nDefaults\tenv_reset\n%sudo ALL=(ALL) \\\n  ALL\n#1000 ALL=ALL\n#include /x\n"
    )
    assert list(read_rules(text)) == [
        "Defaults env_reset",
        "%sudo ALL=(ALL) ALL",
        "#1000 ALL=ALL",
        "#include /x",
    ]


def test_sudoers_that_may_not_be_read_are_denied_and_not_empty() -> None:
    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        root.chmod(0o755)  # somebody else reads in it
        (root / "etc").mkdir()
        (root / "etc/sudoers").write_text("root ALL=ALL\n")
        assert sudoers_section(root).leaves == {"/etc/sudoers": {"rules": ["root ALL=ALL"]}}
        (root / "etc/sudoers").chmod(0)
        with without_root():
            assert sudoers_section(root).status == "denied"


@contextmanager
def without_root() -> Iterator[None]:
    """Read as somebody who is not root, who may read everything."""
    me = os.geteuid()
    if me == 0:
        os.seteuid(_NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


def test_settings_of_sshd_that_repeat_keep_their_order() -> None:
    assert read_settings("port 22\nacceptenv LANG\nacceptenv LC_*\n") == {
        "port": {"value": "22"},
        "acceptenv": {"values": ["LANG", "LC_*"]},
    }


def test_cron_says_when_and_who_and_hides_the_command() -> None:
    text = "SHELL=/bin/sh\n# x\n17 * * * * root cd / && run --password=hunter2\n@daily ana sync\n"
    entries = list(read_table(text, None, b"key"))
    assert [(one["when"], one["user"]) for one in entries] == [
        ("17 * * * *", "root"),
        ("@daily", "ana"),
    ]
    assert "hunter2" not in json.dumps(entries)
    (own,) = read_table("0 5 * * 1 backup now\n", "eve", b"key")
    assert (own["when"], own["user"]) == ("0 5 * * 1", "eve")


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


def test_mounts_of_programs_and_numbers_of_a_boot_are_left_out() -> None:
    text = (
        "22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
        "25 22 0:5 / /proc rw,nosuid shared:2 - proc proc rw\n"
        "99 22 0:50 / /var/lib/kubelet/pods/x/y rw - tmpfs tmpfs rw\n"
    )
    assert read_mounts(text) == {
        "/": {"type": "ext4", "source": "/dev/vda1", "options": ["relatime", "rw"]}
    }


def test_modules_are_told_without_addresses() -> None:
    assert read_modules("ext4 983040 1 - Live 0xffffffffc0\n") == {"ext4": {"loaded": True}}


def test_a_setting_with_a_dot_in_its_name_has_a_slash_there(tmp_path: Path) -> None:
    assert setting_of("net/ipv4/conf/eth0.7/rp_filter") == "net.ipv4.conf.eth0/7.rp_filter"
    folder = tmp_path / "proc/sys/net/ipv4"
    folder.mkdir(parents=True)
    (folder / "tcp_rmem").write_text("4096\t131072\t6291456\n")
    (folder.parents[1] / "kernel").mkdir()
    (folder.parents[1] / "kernel/ns_last_pid").write_text("4711\n")
    assert sysctl_section(tmp_path).leaves == {
        "net.ipv4.tcp_rmem": {"value": "4096 131072 6291456"}
    }


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


def test_packages_of_a_real_database_below_a_prefix_are_read(tmp_path: Path) -> None:
    database = tmp_path / "var/lib/dpkg"
    (database / "info").mkdir(parents=True)
    (database / "updates").mkdir()
    (database / "status").write_text(
        "Package: nginx\nStatus: install ok installed\nArchitecture: all\nVersion: 1.22.1-9\n"
        "Maintainer: x <x@example.com>\nDescription: x\n\n"
    )
    assert packages_section(tmp_path) == Section("ok", {"nginx": {"version": "1.22.1-9"}})


def test_a_package_database_without_its_tools_is_read_as_the_tools_read_it() -> None:
    text = (
        "Package: dpkg\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.21\n\n"
        "Package: libc6\nStatus: install ok installed\nMulti-Arch: same\nArchitecture: amd64\n"
        "Version: 2.36-9\nConffiles:\n /etc/ld.so.conf.d/x.conf d41d8\n\n"
        "Package: wine\nStatus: hold ok installed\nArchitecture: i386\nVersion: 1:8.0\n\n"
        "Package: old\nStatus: deinstall ok config-files\nArchitecture: all\nVersion: 1.0\n"
    )
    assert read_dpkg_status(text) == {
        "dpkg": {"version": "1.21"},
        "libc6:amd64": {"version": "2.36-9"},
        "wine:i386": {"version": "1:8.0"},
    }
    own = Path("/var/lib/dpkg/status")
    if own.exists() and shutil.which("dpkg-query"):
        said = packages_section(Path("/"))
        assert said == Section("ok", read_dpkg_status(own.read_text("utf-8", "backslashreplace")))


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="needs dpkg-query")
def test_half_a_package_database_is_no_list_of_packages(tmp_path: Path) -> None:
    database = tmp_path / "var/lib/dpkg"
    (database / "info").mkdir(parents=True)
    (database / "updates").mkdir()
    whole = "Package: {}\nStatus: install ok installed\nArchitecture: all\nVersion: 1\n\n"
    (database / "status").write_text(whole.format("nginx") + "Package: telnetd\nStat")
    assert packages_section(tmp_path).status == "unsupported"


def test_a_program_that_does_not_end_is_killed_with_its_children() -> None:
    began = time.monotonic()
    waits = "[sys.executable, '-c', 'import time; time.sleep(60)']"
    script = f"import subprocess, sys; subprocess.run({waits})"
    assert ask([sys.executable, "-c", script], timeout_s=0.5).status == "timeout"
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("script", "status"),
    [
        ("print('x')", "ok"),
        ("import sys; sys.exit('sshd: Permission denied')", "denied"),
        ("import sys; sys.exit(3)", "unsupported"),
    ],
)
def test_how_a_program_ends_is_the_status(script: str, status: str) -> None:
    assert ask([sys.executable, "-c", script], timeout_s=30).status == status


def test_a_program_that_is_missing_is_unsupported() -> None:
    assert ask(["no-such-program"], timeout_s=1).status == "unsupported"


def test_a_probe_that_hangs_or_breaks_does_not_hold_up_the_others() -> None:
    def breaks() -> Section:
        raise ZeroDivisionError

    def hangs() -> Section:
        time.sleep(30)
        return Section()

    sections = run_probes(
        {
            "stuck": hangs,
            "broken": breaks,
            "fine": lambda: Section("ok", {"a": 1}),
        },
        deadline_s=0.5,
    )
    assert {name: section.status for name, section in sections.items()} == {
        "stuck": "timeout",
        "broken": "unsupported",
        "fine": "ok",
    }


def test_the_agent_loads_nothing_but_the_standard_library() -> None:
    code = (
        "import sys; before = set(sys.modules)\n"
        "import agent.cli\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(sorted(names - set(sys.stdlib_module_names) - {'agent'}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == "[]"


def oldest_python() -> str:
    """Return the oldest interpreter at hand of those that the agent promises to run under."""
    installed = Path.home() / ".pyenv/versions"
    for minor in range(9, sys.version_info.minor):
        named = f"python3.{minor}"
        places = [
            shutil.which(named),
            *sorted(map(str, installed.glob(f"3.{minor}.*/bin/{named}"))),
        ]
        for place in filter(None, places):
            if subprocess.run([place, "-c", ""], check=False, capture_output=True).returncode == 0:
                return place
    return sys.executable


def test_it_captures_under_the_oldest_python_at_hand(tmp_path: Path) -> None:
    python = oldest_python()
    (tmp_path / "root/etc").mkdir(parents=True)
    (tmp_path / "root/etc/motd").write_text("welcome")
    identity = Identity("http://127.0.0.1:1", "a", "web-1", "00" * 32, 1, "a" * 32, "00" * 32,
                        root=str(tmp_path / "root"))  # fmt: skip
    keep_identity(tmp_path, identity)
    said = {}
    for command in (["once"], ["explain", "/etc/motd"]):
        done = subprocess.run(
            [python, "-m", "agent", *command, f"--state={tmp_path}"],
            cwd=Path(__file__).parents[3],
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        said[command[0]] = done.stdout + done.stderr
    print(f"captured under {python}")
    assert "does not answer" in said["once"]
    assert f"sha256 = {hashlib.sha256(b'welcome').hexdigest()}" in said["explain"]


def test_its_code_is_that_of_the_oldest_python_it_promises() -> None:
    import ast  # noqa: PLC0415

    for file in (Path(__file__).parents[3] / "agent").rglob("*.py"):
        ast.parse(file.read_text(), feature_version=(3, 9))


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd-analyze is not here")
def test_systemd_understands_its_units(tmp_path: Path) -> None:
    units = []
    for unit in (Path(__file__).parents[3] / "agent/packaging").glob("trueup-agent*"):
        text = unit.read_text().replace("/usr/local/bin/trueup-agent", shutil.which("true") or "")
        (tmp_path / unit.name).write_text(text)
        units.append(tmp_path / unit.name)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *units],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (len(units), done.returncode, done.stdout + done.stderr) == (3, 0, "")


def test_one_file_waits_and_reports_as_the_package_does(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    archive = tmp_path / "trueup-agent"
    source = tmp_path / "source"
    shutil.copytree(root / "agent", source / "agent", ignore=shutil.ignore_patterns("*.pyc"))
    (source / "__main__.py").write_text("import agent.cli, sys\nsys.exit(agent.cli.main())\n")
    zipapp.create_archive(source, archive)
    code = "from agent.running import own_code; print(own_code())"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(archive)!r}); {code}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.strip() == str([str(archive)])
    enrolled = subprocess.run(
        [sys.executable, archive, "run", f"--state={tmp_path}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (enrolled.returncode, "is not enrolled" in enrolled.stderr) == (1, True)
