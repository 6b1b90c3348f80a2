"""Installed packages and their versions: dpkg, else rpm."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from pathlib import Path
from typing import Any

from agent.probes.command import PATH, ask
from agent.probes.reading import read_plain
from agent.protocol.tree import OK, Section

_TIMEOUT_S = 60.0
_LARGEST_BYTES = 64 * 2**20
_DPKG_FORMAT = "${binary:Package}\t${Version}\t${db:Status-Status}\n"
_RPM_FORMAT = "%{NAME}\t%|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\t%{ARCH}\n"


def packages_section(root: Path) -> Section:
    """Return every installed package; one of several architectures has them in its key."""
    status = root / "var/lib/dpkg/status"
    if status.exists():
        if not status.is_file():
            return Section("unsupported")  # `dpkg-query` would wait for a pipe until its deadline
        argv = ["dpkg-query", f"--admindir={root / 'var/lib/dpkg'}", "-W", f"-f={_DPKG_FORMAT}"]
        said = ask(argv, timeout_s=_TIMEOUT_S)
        if said.status == "unsupported" and shutil.which("dpkg-query", path=PATH) is None:
            # A container beside the host seldom has the host's own tools. Where they are there
            # and fail, the file is damaged: half of it would say that packages were removed.
            return _read_itself(status)
        return Section(said.status, read_dpkg(said.text))
    said = ask(["rpm", f"--root={root}", "-qa", "--qf", _RPM_FORMAT], timeout_s=_TIMEOUT_S)
    return Section(said.status, read_rpm(said.text))


def _read_itself(status: Path) -> Section:
    content = read_plain(status, most=_LARGEST_BYTES + 1)
    if len(content) > _LARGEST_BYTES:
        return Section("truncated")
    return Section(OK, read_dpkg_status(content.decode("utf-8", "backslashreplace")))


def read_dpkg(text: str) -> dict[str, Any]:
    """Return what `dpkg-query` says; what is removed and left its configuration is not there."""
    fields = (line.split("\t") for line in text.splitlines())
    return {
        field[0]: {"version": field[1]}
        for field in fields
        if len(field) == 3 and field[2] == "installed"  # noqa: PLR2004 - name, version, status
    }


def read_dpkg_status(text: str) -> dict[str, Any]:
    """Return what `dpkg-query` would say of the file that it reads itself."""
    packages = [_fields(paragraph) for paragraph in text.split("\n\n")]
    installed = [each for each in packages if each.get("Status", "").endswith(" installed")]
    native = {"all", *(each["Architecture"] for each in installed if each["Package"] == "dpkg")}
    return {_name(each, native): {"version": each["Version"]} for each in installed}


def _name(package: Mapping[str, str], native: AbstractSet[str]) -> str:
    # As dpkg writes it: with the architecture where there may be one of another beside it.
    name, architecture = package["Package"], package["Architecture"]
    alone = package.get("Multi-Arch") != "same" and architecture in native
    return name if alone else f"{name}:{architecture}"


def _fields(paragraph: str) -> dict[str, str]:
    lines = (line.partition(": ") for line in paragraph.splitlines() if line[:1].strip())
    return {name: value for name, _, value in lines}


def read_rpm(text: str) -> dict[str, Any]:
    """Return what `rpm -qa` says; a kernel that is there twice has both versions."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, rest = line.partition("\t")
        version, _, architecture = rest.partition("\t")
        if not version or name == "gpg-pubkey":
            continue
        found.setdefault(name, []).append(f"{version}.{architecture}")
    return {
        name: {"version": versions[0].rpartition(".")[0]}
        if len(versions) == 1
        else {"versions": sorted(versions)}
        for name, versions in found.items()
    }
