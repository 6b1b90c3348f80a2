"""How severe a difference of a host is, by what it is about. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from reconciler.domain.globs import glob_matches
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


def severity_of(changes: Iterable[HostChange]) -> tuple[Severity, str]:
    """Return the severity of the most severe change, and why."""
    worst = max(changes, key=_severity)
    return _severity(worst), f"of a host: {worst.path}"


def _severity(change: HostChange) -> Severity:
    if change.section == "files":
        found = (severity for glob, severity in _FILES if glob_matches(glob, change.key))
        return next(found, Severity.MEDIUM)
    return _SECTIONS.get(change.section, Severity.MEDIUM)
