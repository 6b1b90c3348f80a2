"""The kernel: its settings, its modules, and what is mounted."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from agent.protocol.tree import OK, Section

_MOVING = frozenset(
    {
        *("fs.aio-nr", "fs.dentry-state", "fs.file-nr", "fs.inode-nr", "fs.inode-state"),
        *("fs.quota", "kernel.ns_last_pid", "kernel.pty.nr", "kernel.random", "kernel.hostname"),
        *("net.netfilter.nf_conntrack_count", "fs.binfmt_misc", "kernel.sched_domain"),
        *("dev.cdrom.info", "kernel.cap_last_cap", "kernel.osrelease", "kernel.version"),
    }
)
"""They change by themselves, or are told elsewhere."""

_CONTAINERS = ("veth", "cali", "br-", "docker", "cni", "flannel", "virbr")
_LARGEST_VALUE_BYTES = 4096
_PSEUDO = frozenset(
    {
        *("autofs", "binfmt_misc", "bpf", "cgroup", "cgroup2", "configfs", "debugfs", "devpts"),
        *("devtmpfs", "efivarfs", "fusectl", "hugetlbfs", "mqueue", "nsfs", "overlay", "proc"),
        *("pstore", "ramfs", "rpc_pipefs", "securityfs", "squashfs", "sysfs", "tmpfs", "tracefs"),
    }
)
_FIELDS_BEFORE_TYPE = 6


def sysctl_section(root: Path) -> Section:
    """Return the settings below `/proc/sys` that can be read."""
    top = str(root / "proc/sys")
    if not os.path.isdir(top):  # noqa: PTH112 - walked as text below
        return Section("unsupported")
    leaves: dict[str, Any] = {}
    for folder, folders, files in os.walk(top):
        inside = os.path.relpath(folder, top)
        prefix = "" if inside == "." else setting_of(inside) + "."
        folders[:] = [name for name in folders if not _is_moving(prefix + name)]
        for name in files:
            setting = prefix + name.replace(".", "/")
            value = None if _is_moving(setting) else _value(f"{folder}/{name}")
            if value is not None:
                leaves[setting] = {"value": value}
    return Section(OK if leaves else "denied", leaves)


def setting_of(path: str) -> str:
    """Return the name of a setting by its path below `/proc/sys`; a dot in a name is a slash."""
    return ".".join(part.replace(".", "/") for part in path.split("/"))


def _is_moving(setting: str) -> bool:
    parts = setting.split(".")
    return setting in _MOVING or any(part.startswith(_CONTAINERS) for part in parts)


def _value(file: str) -> str | None:
    try:
        with open(file, "rb") as opened:
            raw = opened.read(_LARGEST_VALUE_BYTES)
    except OSError:
        return None  # write-only, or of the kernel's own secrets
    return " ".join(raw.decode("utf-8", "backslashreplace").split())


def modules_section(root: Path) -> Section:
    """Return the modules that are loaded."""
    try:
        text = (root / "proc/modules").read_text(encoding="ascii", errors="replace")
    except OSError:
        return Section("unsupported")
    return Section(OK, read_modules(text))


def read_modules(text: str) -> dict[str, Any]:
    """Return what `/proc/modules` says, without sizes, users and addresses."""
    return {line.split()[0]: {"loaded": True} for line in text.splitlines() if line.strip()}


def mounts_section(root: Path) -> Section:
    """Return what is mounted; what programs mount for themselves is left out."""
    for place in ("proc/1/mountinfo", "proc/self/mountinfo"):
        try:
            text = (root / place).read_text(encoding="utf-8", errors="backslashreplace")
        except OSError:
            continue
        return Section(OK, read_mounts(text))
    return Section("unsupported")


def read_mounts(text: str) -> dict[str, Any]:
    """Return what `mountinfo` says by mount point: no numbers, which change with each boot."""
    leaves: dict[str, Any] = {}
    for line in text.splitlines():
        before, _, after = line.partition(" - ")
        fields, rest = before.split(), after.split()
        if len(fields) < _FIELDS_BEFORE_TYPE or len(rest) < 2:  # noqa: PLR2004 - type, source
            continue
        point, kind = fields[4], rest[0]
        if kind in _PSEUDO or kind.startswith("fuse.") or "/kubelet/pods/" in point:
            continue
        options = sorted(fields[5].split(","))
        leaves[point] = {"type": kind, "source": rest[1], "options": options}
    return leaves
