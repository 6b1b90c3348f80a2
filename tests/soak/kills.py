"""SIGKILL while drift is corrected: no write twice, nothing acknowledged lost, no orphan.

The kills come at any moment of a correction, or all in the middle of the tool's apply.
"""

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

from tests.daemon import Daemon, DaemonError, RefusedError
from tests.receivers.http import SignedReceiver, receiving
from tests.soak.laws import ENDED, Laws
from tests.soak.moments import Aim
from tests.soak.stacks import ASKED, MANY, Trial, pulumi_trial, terraform_trial

TRIALS: Final[dict[str, Callable[[Path, int], AbstractContextManager[Trial]]]] = {
    "terraform": terraform_trial,
    "pulumi": pulumi_trial,
}
_ASKED: Final = 0.3
"""How often it is what a person approves."""
_LONGEST_WAIT_S: Final = 6.0
_ROUND_LIMIT_S: Final = 240.0
_ENDED_LIMIT_S: Final = 60.0
_CHANNEL: Final = """
[[channel]]
name = "bus"
url = "http://{at}/hook"
secret = "{secret}"
group_wait = "0s"
update_every = "0s"
"""


@dataclass(slots=True)
class _Loop:
    """One trial under way, and what it saw."""

    trial: Trial
    chance: random.Random
    open: ExitStack
    daemon: Daemon
    laws: Laws
    aim: Aim
    killed: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)


def kill_loop(  # noqa: PLR0913 - what a trial is made of
    tool: str,
    folder: Path,
    *,
    count: int,
    seed: int,
    in_apply: bool = False,
    first: int = 0,
    things: int = MANY,
) -> int:
    """Kill `count` times while drift of one of the `things` is corrected; 0 when every law held.

    With `in_apply` each kill comes in the middle of the tool's apply, beginning with the
    `first` of the pairs of moments and victims.
    """
    where = "in the middle of an apply" if in_apply else "at any moment"
    print(f"{tool}: {count} kills {where}, seed {seed}", flush=True)
    receiver, chance = SignedReceiver(), random.Random(seed)
    with TRIALS[tool](folder, things) as trial, receiving(receiver) as at, ExitStack() as opened:
        trial.channel = _CHANNEL.format(at=at, secret=receiver.secret)
        daemon = opened.enter_context(trial.serving())
        loop = _Loop(trial, chance, opened, daemon, Laws(trial, receiver), Aim(chance))
        loop.daemon.until("a complete scan", lambda: _stack(loop)["verified_at"])
        number = 0
        while loop.killed.total() < count:
            _round(loop, number, _kill_in_apply if in_apply else _kill_anywhen, first=first)
            number += 1
            print(
                f"  {loop.killed.total()}: {dict(loop.killed)}, {loop.broken or 'all held'}",
                flush=True,
            )
        _until_told(loop)
        opened.close()
        _orphans(loop)
    print(f"killed {dict(loop.killed)}; seen {dict(loop.seen)}", flush=True)
    print(
        f"{len(loop.laws.templates)} templates and {len(loop.laws.approved)} approvals"
        f" acknowledged; {len(receiver.events)} messages; broken: {loop.broken or 'none'}",
        flush=True,
    )
    return 1 if loop.broken else 0


def _round(
    loop: _Loop, number: int, kill: Callable[[_Loop, str, int], None], *, first: int
) -> None:
    name = ASKED if loop.chance.random() < _ASKED else loop.chance.choice(loop.trial.names)
    before = loop.trial.writes(name)
    loop.aim.choose(first + loop.killed.total())
    _keep_template(loop, number)
    kill(loop, name, number)
    _until_right(loop, name, number)
    written = loop.trial.writes(name) - before
    if written != 1:
        loop.broken.append(f"round {number}: {name} was written {written} times")
    loop.broken += [f"round {number}: {law}" for law in loop.laws.broken(loop.daemon)]


def _drift(loop: _Loop, name: str, number: int) -> None:
    changed = {"team": f"other-{number}"} if loop.trial.attribute == "labels" else f"other-{number}"
    loop.trial.hack(name, changed)
    _scan(loop)


def _scan(loop: _Loop) -> None:
    with contextlib.suppress(RefusedError, OSError):
        loop.daemon.ask("/stacks/things/scan", {})


def _kill_anywhen(loop: _Loop, name: str, number: int) -> None:
    _drift(loop, name, number)
    limit = time.monotonic() + loop.chance.uniform(0, _LONGEST_WAIT_S)
    while time.monotonic() < limit:
        _approve_waiting(loop)
        time.sleep(0.05)
    workers = sorted(loop.trial.workers(), key=lambda worker: worker.pid)
    if workers and loop.chance.random() < 0.5:
        victim = loop.chance.choice(workers)
        with contextlib.suppress(psutil.Error):
            loop.killed[_kind(victim)] += 1
            victim.kill()
            return
    loop.killed["daemon"] += 1
    loop.daemon.process.send_signal(signal.SIGKILL)
    _start_again(loop)


def _kill_in_apply(loop: _Loop, name: str, number: int) -> None:
    """Let the drift wait under a hold, during which nothing may begin; kill what begins then."""
    trial, aim = loop.trial, loop.aim
    begun, written = len(trial.begun), trial.writes(name)
    loop.daemon.ask("/hold", {"reason": "until the killer is ready"})
    _drift(loop, name, number)
    loop.daemon.until("the hold", lambda: _is_held(loop))
    if len(trial.begun) != begun:
        loop.broken.append(f"round {number}: I10: an apply began under a hold")
    trial.wait_while_writing(name, waits=aim.moment == "before the write")
    loop.daemon.ask("/hold", method="DELETE")
    loop.daemon.until("an apply", lambda: _begins(loop, begun))
    tool = trial.begun[-1]
    if aim.wait(tool, trial, name, written=written) and (
        victim := aim.shoot(tool, trial, loop.daemon)
    ):
        loop.killed[f"{victim}, {aim.moment}"] += 1
    else:
        loop.seen["too late to kill"] += 1
    trial.wait_while_writing(name, waits=False)
    if aim.victim in ("tool", "all") and trial.put_state_back():
        loop.seen["an empty state, put back by a person"] += 1
    if loop.daemon.process.poll() is not None:
        _start_again(loop)


def _is_held(loop: _Loop) -> bool:
    _approve_waiting(loop)
    _scan(loop)
    return any(one["hold"]["guard"] == "kill_switch" for one in _remediations(loop, "held"))


def _begins(loop: _Loop, before: int) -> bool:
    for _ in range(40):
        if len(loop.trial.begun) > before:
            return True
        time.sleep(0.01)
    _approve_waiting(loop)
    return False


def _start_again(loop: _Loop) -> None:
    loop.daemon.process.wait()
    loop.open.close()
    try:
        loop.daemon = loop.open.enter_context(loop.trial.serving())
    except DaemonError:
        # A machine with much else to do: a service manager tries again, too.
        loop.seen["started late"] += 1
        loop.daemon = loop.open.enter_context(loop.trial.serving())


def _kind(process: psutil.Process) -> str:
    words = process.cmdline()
    return next((word for word in ("runner.py", "terraform", "pulumi") if any(
        word in one for one in words)), "other")  # fmt: skip


def _until_right(loop: _Loop, name: str, number: int) -> None:
    """Wait until the object is right and nothing is open any more: I9."""
    limit = time.monotonic() + _ROUND_LIMIT_S
    while time.monotonic() < limit:
        if loop.daemon.process.poll() is not None:
            loop.broken.append(f"round {number}: the daemon ended by itself")
            _start_again(loop)
        _approve_waiting(loop)
        _retry_stuck(loop)
        _resume_after_doubt(loop)
        _accept_chosen(loop)
        if loop.trial.value(name) == loop.trial.right and not _open(loop):
            return
        time.sleep(0.1)
    open_ones = [(one["state"], one.get("note")) for one in _open(loop)]
    loop.broken.append(f"round {number}: I9: {name} is {loop.trial.value(name)}, open: {open_ones}")


def _approve_waiting(loop: _Loop) -> None:
    for remediation in _remediations(loop, "awaiting_approval"):
        path = f"/remediations/{remediation['id']}/approve"
        with contextlib.suppress(RefusedError, OSError):
            loop.daemon.ask(path, {"plan_digest": remediation["plan_digest"]})
            loop.laws.approved[remediation["id"]] = remediation["plan_digest"]


def _retry_stuck(loop: _Loop) -> None:
    for remediation in _remediations(loop, "needs_human"):
        with contextlib.suppress(RefusedError, OSError):
            loop.daemon.ask(
                f"/remediations/{remediation['id']}/retry", {"reason": "the trial's person"}
            )
            loop.seen["retried by a person"] += 1
            print(f"  a person retries: {remediation['note']}", flush=True)


def _resume_after_doubt(loop: _Loop) -> None:
    """Close the breaker that an apply in doubt has set, as the person who looked at it."""
    if any(hold["unasked"] for hold in loop.daemon.ask("/hold")["holds"]):
        loop.daemon.ask("/hold", method="DELETE")
        loop.seen["resumed by a person"] += 1


def _accept_chosen(loop: _Loop) -> None:
    """Accept what an apply chose that no daemon was there to see (docs/undeclared.md)."""
    for finding in loop.daemon.ask("/findings?filter=state:open")["items"]:
        if finding["origin"] != "undeclared":
            continue
        if {change["path"] for change in finding["changes"]} != {"serial"}:
            loop.broken.append(f"changed without anybody: {finding['changes']}")
        body = {"fingerprint": finding["fingerprint"], "reason": "chosen by an apply"}
        with contextlib.suppress(RefusedError, OSError):
            loop.daemon.ask(f"/findings/{finding['id']}/accept", body)
            loop.seen["accepted what an apply chose"] += 1
            _scan(loop)


def _keep_template(loop: _Loop, number: int) -> None:
    template = {
        "resource_type": "world_thing",
        "template_definition": {"number": number},
        "applies_to": ["elsewhere/*"],
    }
    with contextlib.suppress(RefusedError, OSError):
        loop.laws.templates.append(loop.daemon.ask("/templates", template)["template_id"])


def _until_told(loop: _Loop) -> None:
    limit = time.monotonic() + _ENDED_LIMIT_S
    while (untold := loop.laws.alerts(loop.daemon)) and time.monotonic() < limit:
        time.sleep(0.5)
    loop.broken += untold


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
    items = loop.daemon.ask("/remediations?limit=20")["items"]
    return [one for one in items if one["state"] not in ENDED]


def _stack(loop: _Loop) -> dict[str, Any]:
    found: dict[str, Any] = loop.daemon.ask("/stacks/things")
    return found
