"""Builds one program from Go modules pinned beside this file, and keeps it once it has answered."""

from __future__ import annotations

import fcntl
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from locations import HERE, on_path, runnable

GO_LACK: Final = "building it needs Go >= 1.25 on PATH (https://go.dev/dl)"
_PROGRESS_EVERY_S: Final = 15.0
_TRIAL_LIMIT_S: Final = 60.0


@dataclass(frozen=True)
class Program:
    """One Go program; `{version}` in its texts stands for the version that `go.mod` pins."""

    name: str
    module: str
    """The folder of its `go.mod`."""
    pinned_by: str
    """The requirement in there whose version is the program's own."""
    package: str
    linker_flags: str
    trial: tuple[str, ...]
    """Arguments that make it answer and end with 0."""
    answer: str
    """How the answer begins."""

    @property
    def version(self) -> str:
        """The pinned version."""
        file = HERE / self.module / "go.mod"
        text = file.read_text(encoding="utf-8")
        pinned = re.search(rf"^\s*{re.escape(self.pinned_by)} v(\S+)", text, re.MULTILINE)
        if pinned is None:
            raise SystemExit(f"{file} names no version of {self.pinned_by}")
        return pinned.group(1)


def build(program: Program, target: Path) -> bool:
    """Put `program` at `target` unless it is there; on failure say why and leave nothing."""
    if runnable(target):
        return True
    go = on_path("go")
    if go is None:
        print(f"{program.name}: {GO_LACK}", file=sys.stderr)
        return False
    started = time.monotonic()
    print(
        f"building {program.name} {program.version} from toolchain/{program.module}"
        " (once; some minutes)",
        flush=True,
    )
    partial = target.with_name(f".{program.name}.{os.getpid()}")
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        if not (_compile(program, go, partial) and _answers(program, partial)):
            return False
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    print(f"built in {time.monotonic() - started:.0f} s", flush=True)
    return True


def module_source(module: str, requirement: str) -> Path | None:
    """Return the folder of a required module's source, downloaded where it is not there yet."""
    go = on_path("go")
    if go is None:
        return None
    result = subprocess.run(
        [str(go), "mod", "download", "-json", requirement],
        cwd=HERE / module,
        env=_environment(),
        capture_output=True,
        check=False,
        text=True,
    )
    try:
        told = json.loads(result.stdout)
    except ValueError:
        told = {}
    if result.returncode == 0 and told.get("Dir"):
        return Path(told["Dir"])
    reason = told.get("Error") or result.stderr.strip() or f"exit code {result.returncode}"
    print(f"go mod download {requirement}: {reason}", file=sys.stderr)
    return None


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let one process at a time work in `folder`; the others wait and use its results."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("waiting for another set-up that is running", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _compile(program: Program, go: Path, output: Path) -> bool:
    """Run `go build`, telling how far it is; its last lines are shown if it fails."""
    flags = program.linker_flags.format(version=program.version)
    # A user's GOFLAGS may say otherwise; what is built is what go.mod and go.sum pin.
    argv = [str(go), "build", "-v", "-mod=readonly", "-trimpath", "-ldflags", flags]
    process = subprocess.Popen(
        [*argv, "-o", str(output), program.package],
        cwd=HERE / program.module,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    started = told = time.monotonic()
    try:
        for line in process.stderr or ():
            lines.append(line.rstrip())
            if time.monotonic() - told >= _PROGRESS_EVERY_S:
                told = time.monotonic()
                print(f"  {told - started:4.0f} s: {len(lines)} steps, {lines[-1]}", flush=True)
        process.wait()
    except BaseException:
        # It would write its result after we have cleaned up.
        process.terminate()
        process.wait()
        raise
    if process.returncode == 0:
        return True
    print("\n".join([f"{program.name}: go build failed:", *lines[-5:]]), file=sys.stderr)
    return False


def _answers(program: Program, binary: Path) -> bool:
    expected = program.answer.format(version=program.version)
    try:
        result = subprocess.run(
            [str(binary), *program.trial],
            env={**os.environ, "PULUMI_SKIP_UPDATE_CHECK": "true"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_TRIAL_LIMIT_S,
            text=True,
        )
    except (OSError, subprocess.SubprocessError) as error:
        print(f"{program.name}: the built program does not run: {error}", file=sys.stderr)
        return False
    if result.returncode == 0 and result.stdout.startswith(expected):
        return True
    told = (result.stderr or result.stdout).strip() or f"exit code {result.returncode}"
    print(f"{program.name}: the built program does not run: {told}", file=sys.stderr)
    return False


def _environment() -> dict[str, str]:
    return {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
