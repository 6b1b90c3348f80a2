"""Runs a program that must not outlive the process that asked for it.

Executed as a script: `python -I -S leash.py MODE PARENT_PID PROGRAM ARGUMENT...`.
`exec` (Linux) asks the kernel to kill us when the parent dies, then becomes the program.
`hold` (anywhere) stays in between and kills the program when our stdin ends, which it
does when the parent is gone, however it went. A forking hook in the parent would do the
same but must not run beside gRPC's threads. Imports the standard library only.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from typing import Final

COULD_NOT_RUN: Final = 127
SAYS: Final = "trueup-leash: "
_PR_SET_PDEATHSIG: Final = 1


def main(arguments: list[str]) -> int:
    """Become or hold the program; return its exit code, 127 when it cannot be run."""
    mode, parent, *argv = arguments
    try:
        if mode == "exec":
            return _become(int(parent), argv)
        return _hold(argv)
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
    # The child gets the group's signals too and decides; we only follow it.
    signal.signal(signal.SIGTERM, lambda *_: None)
    signal.signal(signal.SIGINT, lambda *_: None)
    child = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    threading.Thread(target=_kill_when_orphaned, args=(child,), daemon=True).start()
    code = child.wait()
    return code if code >= 0 else 128 - code


def _kill_when_orphaned(child: subprocess.Popen[bytes]) -> None:
    while os.read(0, 4096):
        pass
    if os.getpgrp() == os.getpid():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    child.kill()


if __name__ == "__main__":
    # A daemon thread may still sit in read(0): leave without waiting for it.
    sys.stdout.flush()
    os._exit(main(sys.argv[1:]))
