"""SIGKILL at any moment of a correction: no write twice, nothing acknowledged lost, no orphan."""

from __future__ import annotations

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.daemon import Daemon, RefusedError
from tests.soak.stacks import ASKED, NAMES, Trial, pulumi_trial, terraform_trial

TRIALS: Final[dict[str, Callable[[Path], AbstractContextManager[Trial]]]] = {
    "terraform": terraform_trial,
    "pulumi": pulumi_trial,
}
_ASKED: Final = 0.3
"""How often it is what a person approves."""
_LONGEST_WAIT_S: Final = 6.0
_ROUND_LIMIT_S: Final = 240.0
_ENDED_LIMIT_S: Final = 60.0


@dataclass(slots=True)
class _Loop:
    """One trial under way, and what it saw."""

    trial: Trial
    chance: random.Random
    open: ExitStack
    daemon: Daemon
    kept: list[str] = field(default_factory=list)
    approved: dict[str, str] = field(default_factory=dict)
    killed: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def kill_loop(tool: str, folder: Path, *, count: int, seed: int) -> int:
    """Kill `count` times while drift is being corrected; 0 when every law held."""
    print(f"{tool}: {count} kills, seed {seed}", flush=True)
    with TRIALS[tool](folder) as trial, ExitStack() as opened:
        loop = _Loop(trial, random.Random(seed), opened, opened.enter_context(trial.serving()))
        loop.daemon.until("a complete scan", lambda: _stack(loop)["verified_at"])
        for number in range(count):
            _round(loop, number)
            if (number + 1) % 10 == 0:
                print(
                    f"  {number + 1}: {dict(loop.killed)}, {loop.broken or 'all held'}", flush=True
                )
        _acknowledged(loop)
        opened.close()
        _orphans(loop)
    print(f"killed {dict(loop.killed)}; {len(loop.kept)} templates and {len(loop.approved)}"
          f" approvals acknowledged; broken: {loop.broken or 'none'}", flush=True)  # fmt: skip
    return 1 if loop.broken else 0


def _round(loop: _Loop, number: int) -> None:
    name = ASKED if loop.chance.random() < _ASKED else loop.chance.choice(NAMES)
    before = loop.trial.writes(name)
    changed = {"team": f"other-{number}"} if loop.trial.attribute == "labels" else f"other-{number}"
    loop.trial.hack(name, changed)
    _keep_template(loop, number)
    with contextlib.suppress(RefusedError, OSError):
        loop.daemon.ask("/stacks/things/scan", {})
    limit = time.monotonic() + loop.chance.uniform(0, _LONGEST_WAIT_S)
    while time.monotonic() < limit:
        _approve_waiting(loop)
        time.sleep(0.05)
    _kill_somebody(loop)
    _until_right(loop, name, number)
    written = loop.trial.writes(name) - before
    if written != 1:
        loop.broken.append(f"round {number}: {name} was written {written} times")


def _kill_somebody(loop: _Loop) -> None:
    workers = sorted(loop.trial.workers(), key=lambda worker: worker.pid)
    if workers and loop.chance.random() < 0.5:
        victim = loop.chance.choice(workers)
        with contextlib.suppress(psutil.Error):
            loop.killed[_kind(victim)] += 1
            victim.kill()
            return
    loop.killed["daemon"] += 1
    loop.daemon.process.send_signal(signal.SIGKILL)
    loop.daemon.process.wait()
    loop.open.close()
    loop.daemon = loop.open.enter_context(loop.trial.serving())


def _kind(process: psutil.Process) -> str:
    words = process.cmdline()
    return next((word for word in ("runner.py", "terraform", "pulumi") if any(
        word in one for one in words)), "other")  # fmt: skip


def _until_right(loop: _Loop, name: str, number: int) -> None:
    limit = time.monotonic() + _ROUND_LIMIT_S
    while time.monotonic() < limit:
        if loop.daemon.process.poll() is not None:
            loop.broken.append(f"round {number}: the daemon ended by itself")
            loop.open.close()
            loop.daemon = loop.open.enter_context(loop.trial.serving())
        _approve_waiting(loop)
        _retry_stuck(loop)
        if loop.trial.value(name) == loop.trial.right and not _open(loop):
            return
        time.sleep(0.1)
    open_ones = [(one["state"], one.get("note")) for one in _open(loop)]
    loop.broken.append(f"round {number}: {name} is {loop.trial.value(name)}, open: {open_ones}")


def _approve_waiting(loop: _Loop) -> None:
    for remediation in _remediations(loop, "awaiting_approval"):
        path = f"/remediations/{remediation['id']}/approve"
        with contextlib.suppress(RefusedError, OSError):
            loop.daemon.ask(path, {"plan_digest": remediation["plan_digest"]})
            loop.approved[remediation["id"]] = remediation["plan_digest"]


def _retry_stuck(loop: _Loop) -> None:
    for remediation in _remediations(loop, "needs_human"):
        with contextlib.suppress(RefusedError, OSError):
            loop.daemon.ask(
                f"/remediations/{remediation['id']}/retry", {"reason": "the trial's person"}
            )
            loop.killed["retried by a person"] += 1


def _keep_template(loop: _Loop, number: int) -> None:
    template = {
        "resource_type": "world_thing",
        "template_definition": {"number": number},
        "applies_to": ["elsewhere/*"],
    }
    with contextlib.suppress(RefusedError, OSError):
        loop.kept.append(loop.daemon.ask("/templates", template)["template_id"])


def _acknowledged(loop: _Loop) -> None:
    for template_id in loop.kept:
        try:
            loop.daemon.ask(f"/templates/{template_id}")
        except RefusedError:
            loop.broken.append(f"template {template_id} was acknowledged and is lost")
    for remediation_id, digest in loop.approved.items():
        seen = [one["details"] for one in _audit(loop, remediation_id)]
        if not any(details.get("plan_digest") == digest for details in seen):
            loop.broken.append(f"the approval of {remediation_id} is lost")


def _orphans(loop: _Loop) -> None:
    limit = time.monotonic() + _ENDED_LIMIT_S
    while (left := list(loop.trial.workers())) and time.monotonic() < limit:
        time.sleep(0.2)
    loop.broken += [f"left behind: {_described(one)}" for one in left]


def _described(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        age_s = time.time() - process.create_time()
        parent = " ".join(one.cmdline()[:3]) if (one := process.parent()) else "nobody"
        words = " ".join(process.cmdline())
        return f"{words[:300]} ({age_s:.0f} s old, of {parent}, {process.environ().get('PWD')})"
    return str(process.pid)


def _remediations(loop: _Loop, state: str) -> list[dict[str, Any]]:
    try:
        items: list[dict[str, Any]] = loop.daemon.ask(f"/remediations?state={state}")["items"]
    except OSError:
        return []
    return items


def _open(loop: _Loop) -> list[dict[str, Any]]:
    return [
        one
        for one in loop.daemon.ask("/remediations?limit=20")["items"]
        if one["state"] not in _ENDED
    ]


_ENDED: Final = frozenset(
    {"converged", "rejected", "superseded", "cancelled", "ignored", "released", "expired"}
)


def _audit(loop: _Loop, subject: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = loop.daemon.ask(f"/audit?subject={subject}&limit=200")["items"]
    return items


def _stack(loop: _Loop) -> dict[str, Any]:
    found: dict[str, Any] = loop.daemon.ask("/stacks/things")
    return found
