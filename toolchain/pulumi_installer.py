"""Has Pulumi's own installer, as its Python SDK offers it, put the CLI into a folder of ours."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from locations import runnable

NO_DOWNLOAD: Final = "TRUEUP_NO_DOWNLOAD"
SILENCE_LIMIT_S: Final = 20.0
"""How long nothing may arrive: short, since many machines reach no network but a registry."""

_SCRIPT: Final = (
    "import sys; from pulumi.automation import PulumiCommand; "
    "PulumiCommand.install(root=sys.argv[1])"
)
_LOOK_EVERY_S: Final = 0.2
_PROGRESS_EVERY_S: Final = 15.0
_RETRY_AFTER_S: Final = 24 * 3600.0


def install_pulumi(folder: Path, *, failure: Path, otherwise_there: bool) -> Path | None:
    """Return the CLI in `folder`; None, and the reason said, where it could not be had.

    The file `failure` notes that it could not; where a CLI is `otherwise_there`, the next
    try is a day later.
    """
    program = folder / "bin" / "pulumi"
    if os.environ.get(NO_DOWNLOAD):
        print(f"pulumi: not downloaded, because {NO_DOWNLOAD} is set", flush=True)
        return None
    if not _sdk_installed():
        print(
            "pulumi: its installer is not asked, it comes with Pulumi's Python SDK"
            " (the extra trueup[pulumi])",
            flush=True,
        )
        return None
    if otherwise_there and _age_s(failure) < _RETRY_AFTER_S:
        return None
    print("pulumi: asking its own installer", flush=True)
    scratch = folder.with_name(f".{folder.name}.{os.getpid()}")
    scratch.mkdir(parents=True)
    try:
        if (problem := _run(scratch)) is None:
            shutil.rmtree(folder, ignore_errors=True)
            (scratch / "pulumi").rename(folder)
            return program
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    failure.parent.mkdir(parents=True, exist_ok=True)
    failure.touch()
    print(f"pulumi: its installer did not bring it: {problem}", file=sys.stderr)
    return None


def _sdk_installed() -> bool:
    # Only a package has an origin: our own folder `pulumi` would pass for a namespace.
    spec = find_spec("pulumi")
    return spec is not None and spec.origin is not None


def _run(scratch: Path) -> str | None:
    """Run the installer into `scratch`; return what went wrong."""
    root = scratch / "pulumi"
    told = scratch / "told"
    with told.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-c", _SCRIPT, str(root)],
            cwd=scratch,
            # Its downloads go there as well: seen growing, and removed with the rest.
            env={**os.environ, "TMPDIR": str(scratch), "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            ended = _watch(process, scratch)
        finally:
            _end(process)
    if not ended:
        return f"nothing arrived for {SILENCE_LIMIT_S:.0f} s"
    if process.returncode:
        lines = told.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        return lines[-1] if lines else f"exit code {process.returncode}"
    return None if runnable(root / "bin" / "pulumi") else "it left no program"


def _watch(process: subprocess.Popen[bytes], scratch: Path) -> bool:
    """Wait for the end; return False once nothing has arrived for too long."""
    started = changed = told = time.monotonic()
    size = 0
    while process.poll() is None:
        time.sleep(_LOOK_EVERY_S)
        now = time.monotonic()
        if (arrived := _size_bytes(scratch)) != size:
            size, changed = arrived, now
        if now - changed >= SILENCE_LIMIT_S:
            return False
        if now - told >= _PROGRESS_EVERY_S:
            told = now
            print(f"  {now - started:4.0f} s: {size >> 20} MiB", flush=True)
    return True


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the installer, and the script it runs, where it has not ended by itself."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def _size_bytes(folder: Path) -> int:
    total = 0
    for root, _, files in os.walk(folder):
        for name in files:
            try:
                total += (Path(root) / name).lstat().st_size
            except OSError:  # moved on meanwhile
                continue
    return total


def _age_s(file: Path) -> float:
    try:
        return time.time() - file.stat().st_mtime
    except OSError:
        return float("inf")
