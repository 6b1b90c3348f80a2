"""Becomes a tool and notes what it is asked to write: `python alone.py NOTES PROGRAM WORD...`.

It holds a lock that the tool and all that the tool starts inherit. Where another one still holds
it, two write at once, and that is noted.
"""

from __future__ import annotations

import fcntl
import os
import sys

WRITES = ("apply", "up", "destroy")


def main(notes: str, program: str, *words: str) -> None:
    if words and words[0] in WRITES:
        lock = os.open(f"{notes}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        os.set_inheritable(lock, True)  # noqa: FBT003
        with open(notes, "a", encoding="utf-8") as file:  # noqa: PTH123
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.write("overlap\n")
            file.write(f"begin {os.getpid()}\n")
    os.execv(program, (program, *words))  # noqa: S606


if __name__ == "__main__":
    main(*sys.argv[1:])
