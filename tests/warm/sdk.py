"""Give tools Python programs that are loaded already: small ones that ask a server for a fork.

Each run of Pulumi's tools starts two to three interpreters that load the SDK and gRPC, 0.4 to 0.8 s
of processor time each and two fifths of what such a test takes; terraform starts a test provider
four times for an apply, for 0.3 s each. What the fork runs is what the interpreter would have: the
host, the executor of programs, dynamic providers, our own test providers.
"""

from __future__ import annotations

import atexit
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from tests.warm.asking import write_plain, write_program

_SERVER: Final = "tests.warm.sdk_server"
_ROOT: Final = Path(__file__).parents[2]
_PYTHON: Final = """\
known = len(words) > 1 and words[0] == "-u" and (words[1] == "-m" or words[1][:1] == "/")
if not known or {"PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP"} & set(environment):
    os.execv(PYTHON, [PYTHON, *words])
words, parent = words[1:], os.getppid()
environment["PULUMI_PYTHON_CMD"] = os.path.abspath(sys.argv[0])
"""
_ENDS_WITH_ITS_PARENT: Final = """\
import select
while not select.select([server], [], [], 0.5)[0]:
    if os.getppid() != parent:
        sys.exit(1)
"""


@cache
def warm_python() -> str | None:
    """Return the program to name as `PULUMI_PYTHON_CMD`; None where forks cannot be waited for."""
    address = _served()
    if address is None:
        return None
    program = address.with_name("python")
    write_program(program, address, first=_PYTHON, waiting=_ENDS_WITH_ITS_PARENT)
    return str(program)


def write_warm_call(path: Path, function: str, *arguments: str, plain: Sequence[str]) -> None:
    """Write a program that calls `module:function` in a fork; where there are none, a plain one.

    The arguments of that are `arguments`, those of the program are in `sys.argv`. Once nobody
    serves any more the program is the interpreter with `plain`. It is killed as any process is,
    and goes on as any does when who started it is gone.
    """
    address = _served()
    if address is None:
        write_plain(path, plain)
    else:
        write_program(path, address, "call", function, *arguments, plain=plain)


@cache
def _served() -> Path | None:
    """Return the address of a server that ends with this process; None where none can wait."""
    if not hasattr(os, "pidfd_open"):
        return None
    folder = tempfile.TemporaryDirectory(prefix="warm")
    address = Path(folder.name, "s")
    server = subprocess.Popen(
        [sys.executable, "-m", _SERVER, address],
        cwd=_ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    if server.stdout is None or not server.stdout.readline():
        raise RuntimeError(f"{_SERVER} does not serve: it ended with {server.wait()}")

    def end() -> None:
        server.communicate()
        folder.cleanup()

    atexit.register(end)
    return address
