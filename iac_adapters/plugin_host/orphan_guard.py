"""Runs a program that must not outlive the process that asked for it.

Executed as a script: `python -I -S orphan_guard.py MODE PARENT_PID PROGRAM ARGUMENT...`.
`exec` (Linux) asks the kernel to kill us when the parent dies, then becomes the program.
`hold` (anywhere) stays in between and kills the program when our stdin ends, which it
does when the parent is gone, however it went. `release` asks the program to stop first and
gives it time, since it may hold something that only it can give back; what it says on the
way passes through us, or it would die of a pipe that nobody reads. A forking hook in the
parent would do the same but must not run beside gRPC's threads. Imports the standard
library only.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
from typing import Final

COULD_NOT_RUN: Final = 127
SAYS: Final = "trueup-orphan-guard: "
_PR_SET_PDEATHSIG: Final = 1
_GRACE_S: Final = 30.0
_RELAYED_WITHIN_S: Final = 5.0
_Watch = tuple[threading.Event, threading.Thread]


def main(arguments: list[str]) -> int:
    """Become or hold the program; return its exit code, 127 when it cannot be run."""
    mode, parent, *argv = arguments
    try:
        if mode == "exec":
            return _become(int(parent), argv)
        return _release(argv) if mode == "release" else _hold(argv)
    except OSError as error:
        sys.stderr.write(f"{SAYS}{error.strerror}\n")
        return COULD_NOT_RUN


def _become(parent: int, argv: list[str]) -> int:  # noqa: RET503 - exec does not return
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, int(signal.SIGKILL), 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # The parent may have died before the kernel was asked.
    if os.getppid() != parent:
        return COULD_NOT_RUN
    for name in ("SIGPIPE", "SIGXFSZ"):
        # Python ignores these, and an ignored signal stays ignored across exec.
        signal.signal(getattr(signal, name), signal.SIG_DFL)
    os.execv(argv[0], argv)  # noqa: S606 - the caller's argv, no shell


def _hold(argv: list[str]) -> int:
    _follow()
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    return _code(child, _watched(child, 0.0))


def _release(argv: list[str]) -> int:
    _follow()
    child = subprocess.Popen(
        argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    watch = _watched(child, _GRACE_S)
    relays = [
        threading.Thread(target=_relay, args=(stream.fileno(), target), daemon=True)
        for stream, target in ((child.stdout, 1), (child.stderr, 2))
        if stream is not None
    ]
    for relay in relays:
        relay.start()
    code = _code(child, watch)
    for relay in relays:
        # A grandchild may keep the pipe open; what the program said is through by then.
        relay.join(_RELAYED_WITHIN_S)
    return code


def _follow() -> None:
    # The child gets the group's signals too and decides; we only follow it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)


def _watched(child: subprocess.Popen[bytes], grace_s: float) -> _Watch:
    orphaned = threading.Event()
    arguments = (child, grace_s, orphaned)
    thread = threading.Thread(target=_end_when_orphaned, args=arguments, daemon=True)
    thread.start()
    return orphaned, thread


def _code(child: subprocess.Popen[bytes], watch: _Watch) -> int:
    code = child.wait()
    orphaned, thread = watch
    if orphaned.is_set():
        # It is still ending what the child left behind; with us it would end too.
        thread.join()
    return code if code >= 0 else 128 - code


def _relay(source: int, target: int) -> None:
    """Pass everything on; when nobody reads any more, only take it."""
    while data := os.read(source, 1 << 16):
        with contextlib.suppress(BrokenPipeError):
            while data:
                data = data[os.write(target, data) :]


def _end_when_orphaned(
    child: subprocess.Popen[bytes], grace_s: float, orphaned: threading.Event
) -> None:
    while os.read(0, 4096):
        pass
    orphaned.set()
    if grace_s:
        child.send_signal(signal.SIGINT)
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(grace_s)
    child.kill()
    if os.getsid(0) == os.getpid():  # else it is a person's session, and not ours to end
        for member in session_members(os.getpid()):
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(member, signal.SIGKILL)


def session_members(session: int) -> list[int]:
    """Return the processes of `session` but the caller; plugins leave its groups, never it."""
    members = []
    for pid in _all_pids():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if pid != os.getpid() and os.getsid(pid) == session:
                members.append(pid)
    return members


def _all_pids() -> list[int]:
    if os.path.isdir("/proc/self"):  # noqa: PTH112 - pathlib costs every start of a plugin 10 ms
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    listed = subprocess.run(["/bin/ps", "-A", "-o", "pid="], capture_output=True, check=False)
    return [int(word) for word in listed.stdout.split()]


if __name__ == "__main__":
    # A daemon thread may still sit in read(0): leave without waiting for it.
    sys.stdout.flush()
    os._exit(main(sys.argv[1:]))
