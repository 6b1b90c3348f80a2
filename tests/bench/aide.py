"""AIDE on the same tree: what a check of every file's digest takes that keeps no stat cache."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Final

_SETTINGS: Final = """\
database_in=file:{folder}/aide.db
database_out=file:{folder}/aide.db.new
gzip_dbout=no
report_url=file:{folder}/report
{tree} ftype+l+p+u+g+sha256
"""
_DIFFERENT: Final = 8
"""From here on its exit codes are errors; below, they say what differs."""


def measure(tree: Path, folder: Path) -> None:
    """Print what AIDE takes to look at `tree` first, and unchanged; say where there is none."""
    program = shutil.which("aide")
    if program is None:
        print("aide is not installed: it was not timed beside ours", flush=True)
        return
    folder.mkdir()
    settings = folder / "aide.conf"
    settings.write_text(_SETTINGS.format(folder=folder, tree=tree))
    first = _run(program, "--init", settings)
    (folder / "aide.db.new").replace(folder / "aide.db")
    unchanged = _run(program, "--check", settings)
    print(f"aide on the same tree: first {first}; unchanged {unchanged}", flush=True)


def _run(program: str, what: str, settings: Path) -> str:
    before, began = os.times(), time.monotonic()
    done = subprocess.run(
        [program, what, f"--config={settings}"], check=False, capture_output=True, text=True
    )
    seconds, after = time.monotonic() - began, os.times()
    if done.returncode >= _DIFFERENT:
        raise RuntimeError(f"aide {what} ended with {done.returncode}: {done.stderr}{done.stdout}")
    used = after.children_user + after.children_system
    used -= before.children_user + before.children_system
    return f"{used:.2f} s of a core ({seconds:.2f} s by the clock)"
