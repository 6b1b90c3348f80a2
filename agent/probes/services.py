"""Units of systemd: whether they start at boot, and whether they run. No process ids."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agent.probes.command import ask
from agent.protocol.tree import OK, Section

_TIMEOUT_S = 30.0
_KINDS = "--type=service,socket,timer,path"
_PLAIN = ("--no-legend", "--no-pager", "--plain", "--full")
_RUNNING = frozenset({"running", "listening", "waiting"})
_ON = frozenset({"enabled", "enabled-runtime"})


def services_section(root: Path) -> Section:
    """Return the units; below a prefix nothing runs, so only that they start at boot is said."""
    where = [] if root == Path("/") else [f"--root={root}"]
    files = ask(["systemctl", *where, "list-unit-files", _KINDS, *_PLAIN], timeout_s=_TIMEOUT_S)
    if files.status != OK or where:
        return Section(files.status, read_units(files.text, None))
    units = ask(["systemctl", "list-units", "--all", _KINDS, *_PLAIN], timeout_s=_TIMEOUT_S)
    return Section(units.status, read_units(files.text, units.text))


def read_units(files: str, units: str | None) -> dict[str, Any]:
    """Return what `list-unit-files` and `list-units` say; a template unit is no unit."""
    leaves: dict[str, dict[str, Any]] = {}
    for line in files.splitlines():
        name, state = [*line.split(), "", ""][:2]
        if name and not name.partition(".")[0].endswith("@"):
            leaves[name] = {"enabled": state in _ON, "state": state}
    if units is None:
        return leaves
    for leaf in leaves.values():
        leaf["running"] = False
    for line in units.splitlines():
        name, _, active, sub = [*line.split(), "", "", "", ""][:4]
        if name and active == "active" and sub in _RUNNING:
            known = {"enabled": False, "state": "generated"}
            leaves.setdefault(name, known)["running"] = True
    return leaves
