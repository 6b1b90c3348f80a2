"""The small programs that ask `tests.warm.sdk_server` for a fork, and end as it does.

They load what is built into the interpreter alone: `socket`, `json` and `tempfile` are two thirds
of what starting such a program took, and tests start some thousands.
"""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

COLD: Final = "COLD_TEST_PROGRAMS"
"""Where a test's environment has it, a program with a `plain` way to start takes that."""
_PROGRAM: Final = '''\
#!{python} -IS
"""Ask the server at `{address}` for a fork, and end as it does."""
import os, sys
import _signal, _socket, marshal
PYTHON = {python!r}
words, environment = [*{words!r}, *sys.argv[1:]], dict(os.environ)
def start():
    os.execv(PYTHON, [PYTHON, *{plain!r}, *sys.argv[1:]])
if {plain!r} and {cold!r} in environment:
    start()
{first}
server = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
try:
    server.connect({address!r})
except OSError:
    start()
asked = os.memfd_create("asked")
os.write(asked, marshal.dumps((words, environment, os.getcwd())))
given = b"".join(number.to_bytes(4, sys.byteorder) for number in (asked, 0, 1, 2))
server.sendmsg([b"1"], [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, given)])
os.close(asked)
# Not before: a signal would be taken for the first byte, which brings the descriptors.
for number in (_signal.SIGTERM, _signal.SIGINT, _signal.SIGHUP):
    _signal.signal(number, lambda number, _frame: server.send(bytes([number])))
null = os.open(os.devnull, os.O_RDWR)
for number in range(3):
    os.dup2(null, number)
{waiting}
code = int(server.recv(16) or -9)
if code < 0:
    if code != -_signal.SIGKILL:
        _signal.signal(-code, _signal.SIG_DFL)
    os.kill(os.getpid(), -code)
os._exit(code)
'''


def write_program(
    path: Path,
    address: Path,
    *words: str,
    plain: Sequence[str] = (),
    first: str = "",
    waiting: str = "",
) -> None:
    """Write an executable file that has the server at `address` run `words` and its own arguments.

    Where nobody serves, or all is `COLD`, it is the interpreter with `plain`. `first` is done at
    its start, `waiting` before it waits for the end.
    """
    text = _PROGRAM.format(
        python=sys.executable,
        address=str(address),
        words=list(words),
        plain=list(plain),
        cold=COLD,
        first=first,
        waiting=waiting,
    )
    _write(path, text)


def write_plain(path: Path, plain: Sequence[str]) -> None:
    """Write an executable file that is the interpreter with `plain` and its own arguments."""
    _write(path, f'#!/bin/sh\nexec {shlex.join([sys.executable, *plain])} "$@"\n')


def _write(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)
