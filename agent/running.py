"""Reports again and again, each made by a child that ends: what waits holds next to nothing.

Light on purpose: whatever is imported here stays in memory between two reports.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
import time

from agent.hints import Hints

DEFAULT_INTERVAL_S = 300.0
_SHORTEST_WAIT_S = 30.0
_LONGEST_WAIT_S = 3600.0
_DEADLINE_S = 600.0
_CHECK_EVERY_S = 0.2
_SHORTEST_BETWEEN_S = 10.0
_ANSWER_BYTES = 4096


def run_forever(state: str, *, interval_s: float | None) -> int:
    """Report every interval, jittered by a tenth; later and later while the server is away.

    Sooner where the kernel hints that a declared file changed, but at most every ten seconds.
    Returns when SIGTERM or SIGINT comes.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    failures = 0
    hints = Hints(state)
    while True:
        began = time.monotonic()
        done = _report_or_wait(state)
        failures = 0 if done.good else failures + 1
        wanted = interval_s or done.every_s or DEFAULT_INTERVAL_S
        wait = wait_s(wanted, failures, chance(os.urandom(4)))
        hints.refresh()
        if not done.good:
            time.sleep(max(wait, done.retry_after_s))
        elif hints.wait(wait):
            time.sleep(max(0.0, began + _SHORTEST_BETWEEN_S - time.monotonic()))


def wait_s(interval_s: float, failures: int, chance: float) -> float:
    """Return how long to wait; `chance` is 0 to 1.

    Without failures it is the interval and up to a tenth more, so that a fleet that started at
    once spreads. With failures it is anything up to twice as long with each, from half a minute
    to an hour.
    """
    if failures == 0:
        return interval_s * (1 + chance / 10)
    longest: float = min(_LONGEST_WAIT_S, _SHORTEST_WAIT_S * (1 << min(failures, 16)))
    return _SHORTEST_WAIT_S + (longest - _SHORTEST_WAIT_S) * chance


def chance(raw: bytes) -> float:
    """Return a number of 0 to 1, made of random bytes."""
    return int.from_bytes(raw, "big") / (1 << 8 * len(raw))


class Done:
    """How a child ended, and what the server wants: both in seconds, 0 where it said nothing."""

    def __init__(self, code: int, answer: str) -> None:
        words = dict(part.split("=", 1) for part in answer.split() if "=" in part)
        self.good = code == 0
        self.every_s = _number(words.get("every_s"))
        self.retry_after_s = min(_number(words.get("retry_after_s")), _LONGEST_WAIT_S)


def _number(text: str | None) -> float:
    try:
        return max(0.0, float(text or 0))
    except ValueError:
        return 0.0


def _report_or_wait(state: str) -> Done:
    try:
        return _report(state)
    except OSError as error:  # no process or memory left: later there may be
        print(f"the capture cannot be started: {error}", file=sys.stderr)
        return Done(1, "")


def _report(state: str) -> Done:
    """Have a child capture and report."""
    reading, writing = os.pipe()
    argv = [sys.executable, *own_code(), "once", "--for-runner", f"--state={state}"]
    try:
        to_pipe = [(os.POSIX_SPAWN_DUP2, writing, 1)]
        child = os.posix_spawn(sys.executable, argv, os.environ, file_actions=to_pipe)
        os.close(writing)
        writing = -1
        code = _ended(child)
        return Done(code, os.read(reading, _ANSWER_BYTES).decode("ascii", "replace"))
    finally:
        os.close(reading)
        if writing >= 0:
            os.close(writing)


def _ended(child: int) -> int:
    """Return the exit code of `child`, which is killed after its deadline or with us."""
    ends = time.monotonic() + _DEADLINE_S
    try:
        while time.monotonic() < ends:
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                child = 0  # its number may be another process's by now
                return os.waitstatus_to_exitcode(status)
            time.sleep(_CHECK_EVERY_S)
        print(f"the capture did not end within {_DEADLINE_S:.0f} s", file=sys.stderr)
    finally:
        if child:
            _kill(child)
    return 1


def _kill(child: int) -> None:
    try:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    except OSError as error:
        if error.errno not in {errno.ESRCH, errno.ECHILD}:
            raise


def own_code() -> list[str]:
    """Return what makes the interpreter run this program again."""
    # Of a zip file Python puts the archive itself first, whatever it is called.
    first = sys.path[0] if sys.path else ""
    return [first] if os.path.isfile(first) else ["-m", "agent"]  # noqa: PTH113 - light
