"""The settings that sshd is in force with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.probes.command import ask
from agent.protocol.tree import Section

_TIMEOUT_S = 20.0


def sshd_section(root: Path) -> Section:
    """Return what `sshd -T` says: with defaults and included files, which takes root."""
    if root != Path("/"):
        return Section("unsupported")
    said = ask(["sshd", "-T"], timeout_s=_TIMEOUT_S)
    return Section(said.status, read_settings(said.text))


def read_settings(text: str) -> dict[str, Any]:
    """Return the settings by name; one that is there several times keeps its order."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, _, value = line.strip().partition(" ")
        if name:
            found.setdefault(name.lower(), []).append(value.strip())
    return {
        name: {"value": values[0]} if len(values) == 1 else {"values": values}
        for name, values in found.items()
    }
