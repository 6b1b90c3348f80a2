"""A host as it is, written as a stack declares one, so that it is the template of others. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.domain.globs import glob_matches
from reconciler.domain.host_baselines import SECTIONS, HostSection

_ATTRIBUTES: Final[Mapping[str, tuple[str, ...]]] = {
    "files": ("sha256", "mode", "owner", "group"),
    "packages": ("version",),
    "services": ("enabled", "running"),
    "sysctl": ("value",),
    "firewall": ("protocol", "port", "source"),
}


def template_of(
    host: str,
    captured: Mapping[str, HostSection],
    *,
    sections: Sequence[str] = (),
    paths: Sequence[str] = (),
) -> dict[str, Any]:
    """Return the declaration that the host meets as it is now; all sections when none are named.

    `paths` are globs that a file's path has to meet one of. A section that was not read whole is
    left out, and so is what a declaration cannot say: folders, links, and files whose content is
    secret, since only a digest keyed by that host is known of them.
    """
    form: dict[str, Any] = {"host": host}
    for name in sections or SECTIONS:
        section = captured.get(name)
        if section is not None and section.status == "ok":
            form[name] = [
                entry
                for key, leaf in sorted(section.leaves.items())
                for entry in _entry(name, key, leaf)
                if name != "files" or not paths or any(glob_matches(glob, key) for glob in paths)
            ]
    return form


def _entry(section: str, key: str, leaf: Any) -> Iterator[dict[str, Any]]:
    names = _ATTRIBUTES[section]
    if not isinstance(leaf, Mapping) or not all(name in leaf for name in names):
        return
    values = {name: leaf[name] for name in names}
    if section == "firewall":
        yield values
    else:
        yield {"path" if section == "files" else "name": key, **values}
