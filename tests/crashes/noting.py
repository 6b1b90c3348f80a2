"""Runs a command and notes its beginning and its end: `python noting.py FILE COMMAND...`."""

from __future__ import annotations

import subprocess
import sys
import time


def main(file: str, *command: str) -> int:
    with open(file, "a", encoding="utf-8") as notes:  # noqa: PTH123
        notes.write("begin\n")
        notes.flush()
        # Long enough for a daemon that dies right after it was started.
        time.sleep(0.1)
        code = subprocess.run(command, check=False).returncode
        notes.write("end\n")
    return code


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
