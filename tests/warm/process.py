"""Start `trueup` as a fork of a process that has loaded its modules already.

Loading them takes 1 to 2.6 s of processor time, and tests start some five hundred commands and
daemons. From the command line on, a fork does what the installed script does. Tests of starting
itself (its time, its environment, what of it is seen from outside) start the script instead.
"""

from __future__ import annotations

import atexit
import json
import os
import select
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

from tests.warm.asking import COLD
from tests.warm.server import PROCESS, STATUS

_POSSIBLE: Final = hasattr(os, "pidfd_open")
_ROOT: Final = Path(__file__).parents[2]
_HARMLESS: Final = frozenset({"PYTHONUNBUFFERED", "PYTHONDONTWRITEBYTECODE"})
_MODULES: Final = "PYTHONPATH"
_allowed = threading.Event()


@contextmanager
def forking(*, wanted: bool) -> Iterator[None]:
    """Say whether `start` forks within the block, where the system can tell of a fork's end."""
    before = _allowed.is_set()
    _set(wanted and _POSSIBLE)
    try:
        yield
    finally:
        _set(before)


def start(
    arguments: Sequence[str | Path],
    *,
    environment: Mapping[str, str],
    wrapper: Sequence[str] = (),
    **streams: Any,
) -> subprocess.Popen[str]:
    """Start the installed `trueup`, `arguments[0]`: as a fork where `forking` lets it.

    A fork finds what `PYTHONPATH` adds. What else reaches the interpreter itself, such as a home
    of its own, takes one that starts.
    """
    plain = not wrapper and _for_python(environment) == _for_python(os.environ)
    kind: type[subprocess.Popen[str]] = Forked if plain and _allowed.is_set() else subprocess.Popen
    return kind([*wrapper, *map(str, arguments)], env=dict(environment), text=True, **streams)


def _set(allowed: bool) -> None:  # noqa: FBT001 - a setter
    if allowed:
        _allowed.set()
        os.environ.pop(COLD, None)
    else:
        _allowed.clear()
        os.environ[COLD] = "1"


def _for_python(environment: Mapping[str, str]) -> dict[str, str]:
    # What is on ours already would be loaded from there.
    more = _HARMLESS if _MODULES in os.environ else _HARMLESS | {_MODULES}
    return {
        name: value
        for name, value in environment.items()
        if name.startswith("PYTHON") and name not in more
    }


class Forked(subprocess.Popen[str]):
    """`subprocess.Popen` of the command `trueup`, without an interpreter that starts."""

    _ended: int

    # What `subprocess` does to start a process and to hear of its end; the rest is as it is there.
    def _execute_child(
        self,
        args: Any,
        _executable: Any,
        _preexec: Any,
        _close: Any,
        _pass: Any,
        cwd: Any,
        env: Mapping[str, str] | None,
        _startup: Any,
        _flags: Any,
        _shell: Any,
        *others: Any,
    ) -> None:
        pipes: tuple[int, int, int, int, int, int] = others[:6]
        given = (pipes[0], pipes[3], pipes[5])
        streams = [number if pipe == -1 else pipe for number, pipe in enumerate(given)]
        self._ended, told = os.pipe()
        try:
            self.pid = _Server.of_this_process().start(
                {
                    "arguments": [str(argument) for argument in args],
                    "environment": dict(os.environ if env is None else env),
                    "directory": str(Path.cwd() if cwd is None else Path(cwd).absolute()),
                },
                [*streams, told],
            )
        finally:
            os.close(told)
            self._close_pipe_fds(*pipes)  # type: ignore[attr-defined]
        self._child_created = True

    def _try_wait(self, wait_flags: int) -> tuple[int, int]:
        if self.returncode is not None:
            return self.pid, self.returncode
        if wait_flags & os.WNOHANG and not select.select([self._ended], [], [], 0)[0]:
            return 0, 0
        status = os.read(self._ended, STATUS.size)
        os.close(self._ended)
        if len(status) < STATUS.size:
            raise ChildProcessError(f"nobody knows how process {self.pid} ended")
        return self.pid, STATUS.unpack(status)[0]

    def _internal_poll(self, **_kept: Any) -> int | None:
        if self.returncode is None:
            process, status = self._try_wait(os.WNOHANG)
            if process == self.pid:
                self._handle_exitstatus(status)  # type: ignore[attr-defined]
        return self.returncode


class _Server:
    """The process that forks, as long as this one lives."""

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.warm.server", str(theirs.fileno())],
                cwd=_ROOT,
                pass_fds=(theirs.fileno(),),
                stdin=subprocess.DEVNULL,
            )
        self._socket = ours
        self._lock = threading.Lock()

    @staticmethod
    @cache
    def of_this_process() -> _Server:
        made = _Server()
        atexit.register(made.end)
        return made

    def start(self, asked: Mapping[str, Any], descriptors: list[int]) -> int:
        with tempfile.TemporaryFile("w+", encoding="utf-8") as file, self._lock:
            json.dump(asked, file)
            file.flush()
            socket.send_fds(self._socket, [b"1"], [file.fileno(), *descriptors])
            answer = self._socket.recv(PROCESS.size, socket.MSG_WAITALL)
        return int(PROCESS.unpack(answer)[0])

    def end(self) -> None:
        self._socket.close()
        self._process.wait()
