"""One program asked one question, within limits; it never outlives its deadline."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass

from agent.protocol.tree import OK

MOST_OUTPUT_BYTES = 16 * 2**20
PATH = "/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin:/usr/local/bin"
_DENIED = ("permission denied", "operation not permitted", "must be root", "need to be root")


@dataclass(frozen=True)
class Said:
    """How a program ended, and what it wrote to standard output."""

    status: str
    text: str = ""


def ask(argv: Sequence[str], *, timeout_s: float) -> Said:
    """Return what the program says: `unsupported` where it is missing or fails."""
    # A file and no pipe: what a program that was killed left running would hold a pipe open.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as complaint:
        try:
            process = subprocess.Popen(
                list(argv),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=complaint,
                env={"PATH": PATH, "LC_ALL": "C"},
                start_new_session=True,
            )
        except FileNotFoundError:
            return Said("unsupported")
        except OSError:
            return Said("denied")
        try:
            code = process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return Said("timeout")
        out.seek(0)
        text = out.read(MOST_OUTPUT_BYTES + 1)
        complaint.seek(0)
        said = complaint.read(4096).decode("utf-8", "replace").lower()
    if code != 0:
        return Said("denied" if any(word in said for word in _DENIED) else "unsupported")
    status = OK if len(text) <= MOST_OUTPUT_BYTES else "truncated"
    return Said(status, text[:MOST_OUTPUT_BYTES].decode("utf-8", "backslashreplace"))
