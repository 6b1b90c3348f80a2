"""Loads Pulumi's SDK and test providers, then forks for each program of theirs that is asked for.

`python -m tests.warm.sdk_server ADDRESS`: its standard input stays open as long as somebody may
ask. A program of `tests.warm.asking` asks, with a connection of its own: a byte, and with it four
descriptors, of the marshalled arguments, environment and directory, and of the three streams. The
answer is the exit status, as a line. Bytes that come after the first are signals to pass on, and
the end of the connection is the program's.
"""

from __future__ import annotations

import gc
import importlib
import marshal
import os
import runpy
import selectors
import signal
import socket
import sys
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from tests.warm.becoming import become, writing

_LOADED: Final = (
    "pulumi.dynamic",
    "pulumi.runtime.proto.language_pb2_grpc",
    "pulumi.runtime.proto.provider_pb2_grpc",
    "tests.providers.kv_provider",
    "tests.providers.world_provider",
)
_PATH: Final = tuple(sys.path[1:])
_Asked = list[str]
"""The arguments of a fork that has become what was asked for in all else."""


def main() -> None:
    """Serve until standard input ends; in a fork, be the program that was asked for."""
    for name in _LOADED:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    # gRPC's own threads are none of Python's.
    if len(list(Path("/proc/self/task").iterdir())) != 1:
        raise RuntimeError(f"a fork would lose threads, of which {threading.enumerate()} are ours")
    asked = _Server(sys.argv[1]).serve()
    if asked is not None:
        _run(asked)


@dataclass
class _Server:
    address: str
    ready: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    handles: dict[socket.socket, int] = field(default_factory=dict)
    running: dict[int, tuple[int, socket.socket]] = field(default_factory=dict)
    """By the handle of a program that runs: its process id, and who asked for it."""

    def serve(self) -> _Asked | None:
        """Return what a fork is to be; None in the process that served, when nobody asks more."""
        listening = socket.socket(socket.AF_UNIX)
        listening.bind(self.address)
        listening.listen(64)
        for source in (listening, sys.stdin):
            self.ready.register(source, selectors.EVENT_READ)
        print("serving", flush=True)
        while True:
            for key, _events in self.ready.select():
                if key.fileobj is sys.stdin:
                    self._end()
                    return None
                if key.fileobj is listening:
                    self._accept(listening)
                elif key.fd in self.running:
                    self._tell_end(key.fd)
                elif isinstance(key.fileobj, socket.socket) and key.fileobj.fileno() >= 0:
                    # It is closed where the end of its program came in the same round.
                    asked = self._hear(key.fileobj)
                    if asked is not None:
                        return asked

    def _end(self) -> None:
        for handle in self.running:
            signal.pidfd_send_signal(handle, signal.SIGKILL)

    def _accept(self, listening: socket.socket) -> None:
        connection, _address = listening.accept()
        self.ready.register(connection, selectors.EVENT_READ)

    def _hear(self, connection: socket.socket) -> _Asked | None:
        if connection in self.handles:
            self._pass_on(connection)
            return None
        return self._start(connection)

    def _start(self, connection: socket.socket) -> _Asked | None:
        """Fork for who asks; return what is asked for in the fork alone."""
        message, descriptors, _flags, _address = socket.recv_fds(connection, 1, 4)
        if not message:
            self._forget(connection)
            return None
        process = os.fork()
        if process == 0:
            self._let_go()
            return _become(*descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        handle = os.pidfd_open(process)
        self.handles[connection] = handle
        self.running[handle] = (process, connection)
        self.ready.register(handle, selectors.EVENT_READ)
        return None

    def _let_go(self) -> None:
        """Own no descriptor any more: at its end a socket closes what has its number by then.

        That ended gRPC's poller with signal 6 when the interpreter cleared its modules.
        """
        for key in self.ready.get_map().values():
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.detach()
        self.ready.close()

    def _pass_on(self, connection: socket.socket) -> None:
        """Signal the program; it ends with who started it, which nothing else tells it."""
        numbers, handle = connection.recv(16), self.handles[connection]
        if not numbers:
            self._forget(connection)
        with suppress(ProcessLookupError):
            for number in numbers or (signal.SIGKILL,):
                signal.pidfd_send_signal(handle, signal.Signals(number))

    def _tell_end(self, handle: int) -> None:
        process, connection = self.running.pop(handle)
        self.ready.unregister(handle)
        _process, status = os.waitpid(process, 0)
        os.close(handle)
        if connection in self.handles:
            with suppress(OSError):  # who started it may have been killed just now
                connection.sendall(b"%d\n" % os.waitstatus_to_exitcode(status))
            self._forget(connection)

    def _forget(self, connection: socket.socket) -> None:
        self.ready.unregister(connection)
        self.handles.pop(connection, None)
        connection.close()


def _become(asked: int, *streams: int) -> _Asked:
    """Have the streams, folder and environment of a process that was just started."""
    with os.fdopen(asked, "rb") as file:
        file.seek(0)
        arguments, environment, directory = marshal.load(file)  # noqa: S302 - a test's own
    become(streams, directory=directory, environment=environment)
    os.setpgid(0, 0)
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = writing(1, "strict", at_once=True)
    sys.stderr = writing(2, "backslashreplace", at_once=True)
    # What it starts with its own interpreter is started in the same way.
    sys.executable = environment.get("PULUMI_PYTHON_CMD", sys.executable)
    return list(arguments)


def _run(arguments: list[str]) -> None:
    if arguments[0] == "call":
        module, _, function = arguments[1].partition(":")
        sys.argv = arguments[1:]
        sys.exit(getattr(importlib.import_module(module), function)())
    elif arguments[0] == "-m":
        sys.argv, folder = arguments[1:], Path.cwd()
        sys.path[:] = [str(folder), *_PATH]
        runpy.run_module(arguments[1], run_name="__main__", alter_sys=True)
    else:
        sys.argv, folder = arguments, Path(arguments[0]).parent
        sys.path[:] = [str(folder), *_PATH]
        runpy.run_path(arguments[0], run_name="__main__")


if __name__ == "__main__":
    main()
