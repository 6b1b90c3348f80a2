"""Loads what `trueup` may need, then forks for each command it is asked for.

`python -m tests.warm.server FD`: FD is a socket. Each message on it is one byte, and with it five
descriptors: of a JSON object {arguments, environment, directory}, of the command's three streams,
and of a pipe for its exit status as `waitpid` gives it. The answer is the process id.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import pkgutil
import selectors
import signal
import socket
import struct
import sys
import tempfile
import threading
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import iac_adapters
import reconciler
from reconciler import bounded_files
from reconciler.cli.main import main as trueup
from tests.crashes.__main__ import Life, warmed
from tests.warm.becoming import become, writing

# They bring the SDKs of Pulumi and gRPC, which start threads of their own.
_LEFT_OUT: Final = ("iac_adapters.pulumi.inline", ".migrations", ".__main__")
STATUS: Final = struct.Struct("i")
PROCESS: Final = struct.Struct("q")


@dataclass(frozen=True, slots=True)
class _Asked:
    arguments: list[str]
    environment: dict[str, str]
    directory: str
    streams: tuple[int, int, int]
    status: int


def main() -> None:
    """Serve until the other end of the socket is closed; in a fork, run the command instead."""
    asked = _serve(socket.socket(fileno=int(sys.argv[1])))
    if asked is None:
        return
    _become(asked)
    # The interpreter ends as it would have after the installed script.
    sys.exit(trueup())


def _serve(wanted: socket.socket) -> _Asked | None:
    """Return what a fork is to become; None in the process that served, when nobody asks."""
    _load()
    running: dict[int, tuple[int, int]] = {}
    with selectors.DefaultSelector() as ready:
        ready.register(wanted, selectors.EVENT_READ)
        while True:
            for key, _events in ready.select():
                if key.fileobj is not wanted:
                    ready.unregister(key.fd)
                    _tell_end(key.fd, *running.pop(key.fd))
                    continue
                asked = _receive(wanted)
                if asked is None:
                    return None
                process = os.fork()
                if process == 0:
                    return asked
                for descriptor in asked.streams:
                    os.close(descriptor)
                handle = os.pidfd_open(process)
                running[handle] = (process, asked.status)
                ready.register(handle, selectors.EVENT_READ)
                wanted.sendall(PROCESS.pack(process))


def _load() -> None:
    for package in (reconciler, iac_adapters):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not any(part in module.name for part in _LEFT_OUT):
                importlib.import_module(module.name)
    _compile()
    gc.collect()
    gc.freeze()
    if threading.active_count() != 1:
        raise RuntimeError(f"a fork would lose threads: {threading.enumerate()}")


def _compile() -> None:
    """Have a correction behind us, so that no fork compiles its statements and patterns anew.

    Each daemon took up to 0.5 s of processor time for them.
    """
    with tempfile.TemporaryDirectory() as folder:
        warmed(Path(folder, "life"), Life)
    for waiting in bounded_files._idle:
        waiting.put(sys.exit)
    for thread in threading.enumerate():
        if thread is not threading.main_thread():
            thread.join()
    bounded_files._idle.clear()


def _receive(wanted: socket.socket) -> _Asked | None:
    message, descriptors, _flags, _address = socket.recv_fds(wanted, 1, 5)
    if not message:
        return None
    text, *streams, status = descriptors
    with os.fdopen(text, encoding="utf-8") as file:
        file.seek(0)
        asked: dict[str, Any] = json.load(file)
    standard = (streams[0], streams[1], streams[2])
    return _Asked(asked["arguments"], asked["environment"], asked["directory"], standard, status)


def _tell_end(handle: int, process: int, pipe: int) -> None:
    _process, status = os.waitpid(process, 0)
    os.close(handle)
    with suppress(BrokenPipeError):  # who started it may not ask any more
        os.write(pipe, STATUS.pack(status))
    os.close(pipe)


def _become(asked: _Asked) -> None:
    """Have the streams, folder, environment and arguments of a process that was just started."""
    become(asked.streams, directory=asked.directory, environment=asked.environment)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.argv = asked.arguments
    sys.path[0] = str(Path(sys.argv[0]).parent)
    more = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[1:1] = [folder for folder in more if folder and folder not in sys.path]
    at_once = bool(os.environ.get("PYTHONUNBUFFERED"))
    sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
    sys.stdout = writing(1, "strict", at_once=at_once)
    sys.stderr = writing(2, "backslashreplace", at_once=at_once)


if __name__ == "__main__":
    main()
