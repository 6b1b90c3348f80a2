"""When, in the middle of an apply, a kill comes, and whom it hits."""

from __future__ import annotations

import contextlib
import random
import time
from dataclasses import dataclass
from typing import Final

import psutil

from tests.daemon import Daemon
from tests.soak.stacks import Trial

MOMENTS: Final = ("as it comes", "before the write", "after the write")
VICTIMS: Final = ("daemon", "runner", "tool", "provider", "all")
_LONGEST_S: Final = 60.0


@dataclass(slots=True)
class Aim:
    """The next kill. `span_s` is how long an apply takes, as far as it is known."""

    chance: random.Random
    span_s: float = 6.0
    moment: str = ""
    victim: str = ""

    def choose(self, number: int) -> None:
        """Take each moment with each victim in turn, and the rest by chance."""
        pairs = [(moment, victim) for moment in MOMENTS for victim in VICTIMS]
        self.moment, self.victim = (
            pairs[number] if number < len(pairs) else self.chance.choice(pairs)
        )

    def wait(self, tool: int, trial: Trial, name: str, *, written: int) -> bool:
        """Wait for the moment; return whether the tool, a process id, is at work still."""
        delay, begun = self.chance.uniform(0, self.span_s), time.monotonic()
        if self.moment == "after the write":
            while trial.writes(name) == written and self._goes_on(tool, begun):
                time.sleep(0.002)
            self.span_s = max(self.span_s, 1.3 * (time.monotonic() - begun))
        else:
            time.sleep(delay)
        while self.victim == "provider" and not _below(tool) and self._goes_on(tool, begun):
            time.sleep(0.01)
        if _lives(tool):
            return True
        # It was over sooner.
        self.span_s = min(self.span_s, max(0.2, delay * 0.9))
        return False

    def _goes_on(self, tool: int, begun: float) -> bool:
        return _lives(tool) and time.monotonic() - begun < _LONGEST_S

    def shoot(self, tool: int, trial: Trial, daemon: Daemon) -> str | None:
        """Kill whom it is for; return who it was, or None where there was no such process."""
        if self.victim in ("daemon", "all"):
            daemon.process.kill()
            daemon.process.wait()
        if self.victim == "daemon":
            return self.victim
        hit = [_killed(one) for one in self._processes(tool)]
        if self.victim == "all":
            hit += [_killed(one) for one in trial.workers()]
        return self.victim if any(hit) else None

    def _processes(self, tool: int) -> list[psutil.Process]:
        """Return whom to kill; of all the tool first, since to find the others takes a while."""
        with contextlib.suppress(psutil.Error):
            at_work = psutil.Process(tool)
            match self.victim:
                case "provider":
                    return _below(tool)
                case "runner":
                    return [one for one in at_work.parents() if "runner.py" in _words(one)]
                case _:
                    return [at_work]
        return []


def _below(tool: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(tool).children(recursive=True)
    return []


def _lives(pid: int) -> bool:
    with contextlib.suppress(psutil.Error):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _killed(process: psutil.Process) -> bool:
    try:
        process.kill()
    except psutil.Error:
        return False
    return True


def _words(process: psutil.Process) -> str:
    with contextlib.suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
