"""Packages and services: pure parsers on recorded output, and real package databases."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from agent.probes.packages import packages_section, read_dpkg, read_dpkg_status, read_rpm
from agent.probes.services import read_units
from agent.protocol.tree import Section


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
