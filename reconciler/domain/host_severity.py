"""How severe a difference of a host is, by what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from reconciler.domain.globs import glob_matches
from reconciler.domain.host_acceptance import is_unreadable
from reconciler.domain.host_baselines import HostChange
from reconciler.domain.model import Severity

_SECTIONS: Final = {
    "firewall": Severity.HIGH,
    "sudoers": Severity.HIGH,
    "users": Severity.HIGH,
    "groups": Severity.HIGH,
    "sshd": Severity.HIGH,
}
_FILES: Final = (
    ("/etc/sudoers*", Severity.HIGH),
    ("/etc/ssh/*", Severity.HIGH),
    ("/etc/pam.d/*", Severity.HIGH),
    ("/etc/passwd", Severity.HIGH),
    ("/etc/shadow", Severity.HIGH),
    ("/etc/cron*", Severity.HIGH),
    ("/etc/logrotate*", Severity.LOW),
    ("/etc/motd", Severity.LOW),
    ("/etc/issue*", Severity.LOW),
)


def severity_of(host: str, changes: Iterable[HostChange]) -> tuple[Severity, str]:
    """Return the severity of the most severe change, and which sections of `host` differ.

    The most severe section comes first; what could not be read is told apart from what differs.
    """
    ordered = sorted(changes, key=lambda change: (-_severity(change), change.section))
    differ = _sections(change for change in ordered if not is_unreadable(change.live))
    unread = _sections(change for change in ordered if is_unreadable(change.live))
    told = f"{_and(differ)} of host {host} {_verb(differ)}" if differ else ""
    if unread and told:
        told += f"; {_and(unread)} could not be read"
    elif unread:
        told = f"{_and(unread)} of host {host} could not be read"
    return _severity(ordered[0]), told


def _sections(changes: Iterable[HostChange]) -> list[str]:
    return list(dict.fromkeys(change.section for change in changes))


def _verb(names: Sequence[str]) -> str:
    several = len(names) > 1 or "".join(names).endswith("s")  # files, users, sudoers
    return "differ" if several else "differs"


def _and(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _severity(change: HostChange) -> Severity:
    if change.section == "files":
        found = (severity for glob, severity in _FILES if glob_matches(glob, change.key))
        return next(found, Severity.MEDIUM)
    return _SECTIONS.get(change.section, Severity.MEDIUM)
