"""Every section and the probe that fills it, each within a deadline of its own."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from agent.probes import accounts, certificates, cron, firewall, kernel, network, packages, sshd
from agent.probes import services as units
from agent.probes.cloud import cloud_section
from agent.protocol.tree import Section

DEADLINE_S = 120.0
Probe = Callable[[], Section]


def probes_of(root: Path, key: bytes, *, cloud: bool = False) -> Mapping[str, Probe]:
    """Return the probe of each section but `files`; `key` is the host's own.

    The section `cloud` is there only where it is asked for.
    """
    return {
        "certificates": lambda: certificates.certificates_section(root),
        "cron": lambda: cron.cron_section(root, key),
        "firewall": lambda: firewall.firewall_section(root),
        "groups": lambda: accounts.groups_section(root),
        "modules": lambda: kernel.modules_section(root),
        "mounts": lambda: kernel.mounts_section(root),
        "network": lambda: network.network_section(root),
        "packages": lambda: packages.packages_section(root),
        "services": lambda: units.services_section(root),
        "sshd": lambda: sshd.sshd_section(root),
        "sudoers": lambda: accounts.sudoers_section(root),
        "sysctl": lambda: kernel.sysctl_section(root),
        "users": lambda: accounts.users_section(root),
        **({"cloud": cloud_section} if cloud else {}),
    }


def run_probes(
    probes: Mapping[str, Probe], *, deadline_s: float = DEADLINE_S
) -> dict[str, Section]:
    """Return every section; one whose probe does not come back in time is `timeout`.

    A read from a file system whose server is gone cannot be ended. Its thread is left behind,
    and goes with the process, which ends after the capture.
    """
    done: queue.SimpleQueue[tuple[str, Section]] = queue.SimpleQueue()
    for name, probe in probes.items():
        threading.Thread(target=_run, args=(name, probe, done), daemon=True).start()
    sections = {name: Section("timeout") for name in probes}
    ends = time.monotonic() + deadline_s
    for _ in probes:
        try:
            name, section = done.get(timeout=max(0.0, ends - time.monotonic()))
        except queue.Empty:
            break
        sections[name] = section
    return sections


def _run(name: str, probe: Probe, done: queue.SimpleQueue[tuple[str, Section]]) -> None:
    try:
        done.put((name, probe()))
    except PermissionError:
        done.put((name, Section("denied")))
    except Exception:  # noqa: BLE001 - one probe's defect must not silence the others
        done.put((name, Section("unsupported")))
