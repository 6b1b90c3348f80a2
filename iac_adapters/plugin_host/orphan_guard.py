"""Runs a program that must not outlive the process that asked for it.

Executed as a script: `python -I -S orphan_guard.py MODE PARENT_PID PROGRAM ARGUMENT...`.
`exec` (Linux) asks the kernel to kill us when the parent dies, then becomes the program.
`hold` (anywhere) stays in between and kills the program when our stdin ends, which it
does when the parent is gone, however it went. `release` asks the program to stop first and
gives it time, since it may hold something that only it can give back; what it says on the
way passes through us, or it would die of a pipe that nobody reads. A forking hook in the
parent would do the same but must not run beside gRPC's threads.

Each start of a plugin or a tool waits for this one. So it imports what is built into the
interpreter, and `ctypes` for `exec`: `subprocess`, `threading`, `contextlib`, `signal` and
`typing` took more than half of its time.
"""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import _thread
import os
import sys

COULD_NOT_RUN = 127
SAYS = "trueup-orphan-guard: "
_PR_SET_PDEATHSIG = 1
_GRACE_S = 30.0
_RELAYED_WITHIN_S = 5.0
# Python ignores these, and an ignored signal stays ignored across exec.
_IGNORED_BY_PYTHON = (_signal.SIGPIPE, _signal.SIGXFSZ)


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
    import ctypes  # noqa: PLC0415 - the other modes go without it

    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(_PR_SET_PDEATHSIG, _signal.SIGKILL, 0, 0, 0) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    # The parent may have died before the kernel was asked.
    if os.getppid() != parent:
        return COULD_NOT_RUN
    for number in _IGNORED_BY_PYTHON:
        _signal.signal(number, _signal.SIG_DFL)
    os.execv(argv[0], argv)  # noqa: S606 - the caller's argv, no shell


def _hold(argv: list[str]) -> int:
    return _Child(argv).watched(grace_s=0.0)


def _release(argv: list[str]) -> int:
    pipes = {target: os.pipe() for target in (1, 2)}
    child = _Child(argv, {target: writing for target, (_reading, writing) in pipes.items()})
    relays = []
    for target, (reading, writing) in pipes.items():
        os.close(writing)  # else the pipe would never end
        relayed = _held()
        _thread.start_new_thread(_relay, (reading, target, relayed))
        relays.append(relayed)
    code = child.watched(grace_s=_GRACE_S)
    for relayed in relays:
        # A grandchild may keep the pipe open; what the program said is through by then.
        relayed.acquire(timeout=_RELAYED_WITHIN_S)
    return code


class _Child:
    """The program while it runs, without standard input."""

    def __init__(self, argv: list[str], outputs: dict[int, int] | None = None) -> None:
        # The child gets the group's signals too and decides; we only follow it.
        _signal.signal(_signal.SIGTERM, lambda *_: None)
        _signal.signal(_signal.SIGINT, lambda *_: None)
        given = [(os.POSIX_SPAWN_DUP2, own, number) for number, own in (outputs or {}).items()]
        self._pid = os.posix_spawn(
            argv[0],
            argv,
            os.environ,
            file_actions=[(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0), *given],
            setsigdef=_IGNORED_BY_PYTHON,
        )
        self._running, self._cleaned = _held(), _held()
        self._orphaned = False

    def watched(self, grace_s: float) -> int:
        """Return its exit code; where our stdin ends first, nothing of it is left then."""
        _thread.start_new_thread(self._end_when_orphaned, (grace_s,))
        _pid, status = os.waitpid(self._pid, 0)
        self._running.release()
        if self._orphaned:
            # What the child left behind is still being ended; with us that would end too.
            self._cleaned.acquire()
        code = os.waitstatus_to_exitcode(status)
        return code if code >= 0 else 128 - code

    def _end_when_orphaned(self, grace_s: float) -> None:
        while os.read(0, 4096):
            pass
        self._orphaned = True
        if grace_s:
            self._send(_signal.SIGINT)
            if self._running.acquire(timeout=grace_s):
                self._running.release()
        self._send(_signal.SIGKILL)
        if os.getsid(0) == os.getpid():  # else it is a person's session, and not ours to end
            for member in session_members(os.getpid()):
                _kill(member)
        self._cleaned.release()

    def _send(self, number: int) -> None:
        if self._running.locked():
            _kill(self._pid, number)


def _held() -> _thread.LockType:
    """Return a lock for others to wait for."""
    lock = _thread.allocate_lock()
    lock.acquire()
    return lock


def _relay(source: int, target: int, relayed: _thread.LockType) -> None:
    """Pass everything on; when nobody reads any more, only take it."""
    while data := os.read(source, 1 << 16):
        try:
            while data:
                data = data[os.write(target, data) :]
        except BrokenPipeError:
            pass
    relayed.release()


def _kill(pid: int, number: int = _signal.SIGKILL) -> None:
    try:  # noqa: SIM105 - contextlib is a third of what the imports took
        os.kill(pid, number)
    except (ProcessLookupError, PermissionError):
        pass


def session_members(session: int) -> list[int]:
    """Return the processes of `session` but the caller; plugins leave its groups, never it."""
    members = []
    for pid in _all_pids():
        try:
            if pid != os.getpid() and os.getsid(pid) == session:
                members.append(pid)
        except (ProcessLookupError, PermissionError):
            pass
    return members


def _all_pids() -> list[int]:
    if os.path.isdir("/proc/self"):  # noqa: PTH112 - pathlib costs every start of a plugin 10 ms
        return [int(name) for name in os.listdir("/proc") if name.isdigit()]  # noqa: PTH208
    import subprocess  # noqa: PLC0415 - where there is no /proc, and somebody was orphaned

    listed = subprocess.run(["/bin/ps", "-A", "-o", "pid="], capture_output=True, check=False)
    return [int(word) for word in listed.stdout.split()]


if __name__ == "__main__":
    # A thread may still sit in read(0): leave without waiting for it.
    sys.stdout.flush()
    os._exit(main(sys.argv[1:]))
