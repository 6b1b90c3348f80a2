"""Makes sure a Terraform-compatible tool is there, building OpenTofu where it must.

Terraform is found, never installed. Where there is none (or with `--tools all`), OpenTofu
is looked for on PATH, in trueup's tool directory and in the cache, and is otherwise built
once from the pinned Go modules beside this file. Only the standard library is used.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_MODULE: Final = Path(__file__).resolve().parent / "tofu"
_PACKAGE: Final = "github.com/opentofu/opentofu/cmd/tofu"
_LINKER_FLAGS: Final = "-s -w -X github.com/opentofu/opentofu/version.dev=no"
_PROGRESS_EVERY_S: Final = 15.0


def main() -> int:
    """Report or build the tools; 0 also when one is missing and cannot be built."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tools", choices=("needed", "all"), default="needed")
    wanted = parser.parse_args().tools
    terraform = _on_path("terraform")
    if terraform:
        print(f"terraform: {terraform}")
    if terraform and wanted == "needed":
        return 0
    tofu = _find_tofu() or _build_tofu()
    if tofu:
        print(f"tofu: {tofu}")
        return 0
    lost = "tests with OpenTofu are skipped" if terraform else "no stack can be read or corrected"
    print(f"tofu: not found, and not built: {lost}", file=sys.stderr)
    return 0


def _on_path(name: str) -> Path | None:
    found = shutil.which(name)
    return Path(found) if found else None


def _home(variable: str, fallback: str) -> Path:
    value = os.environ.get(variable, "")
    return (Path(value) if value.startswith("/") else Path.home() / fallback) / "trueup"


def _cached_tofu() -> Path:
    """Return where the pinned version lives once built."""
    text = (_MODULE / "go.mod").read_text(encoding="utf-8")
    pinned = re.search(r"^\s*github\.com/opentofu/opentofu v(\S+)", text, re.MULTILINE)
    if pinned is None:
        message = f"{_MODULE}/go.mod names no version of github.com/opentofu/opentofu"
        raise SystemExit(message)
    return _home("XDG_CACHE_HOME", ".cache") / "toolchain" / f"tofu-{pinned.group(1)}" / "tofu"


def _find_tofu() -> Path | None:
    own = _home("XDG_DATA_HOME", ".local/share") / "bin" / "tofu"
    places = (_on_path("tofu"), own, _cached_tofu())
    return next((path for path in places if path and os.access(path, os.X_OK)), None)


def _build_tofu() -> Path | None:
    """Build once; a second process waits for the first and uses its result."""
    go = _on_path("go")
    if go is None:
        print("tofu: building it needs Go >= 1.25 on PATH (https://go.dev/dl)", file=sys.stderr)
        return None
    target = _cached_tofu()
    target.parent.mkdir(parents=True, exist_ok=True)
    with _locked(target.parent / ".lock"):
        if os.access(target, os.X_OK):
            return target
        started = time.monotonic()
        print(f"building {target.parent.name} from toolchain/tofu (once; some minutes)", flush=True)
        partial = target.with_name(f".tofu.{os.getpid()}")
        try:
            if not (_compile(go, partial) and _runs(partial)):
                return None
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        print(f"built in {time.monotonic() - started:.0f} s", flush=True)
        return target


def _compile(go: Path, output: Path) -> bool:
    """Run `go build`, telling how far it is; its last lines are shown if it fails."""
    environment = {**os.environ, "CGO_ENABLED": "0", "GOWORK": "off"}
    argv = [str(go), "build", "-v", "-trimpath", "-ldflags", _LINKER_FLAGS]
    process = subprocess.Popen(
        [*argv, "-o", str(output), _PACKAGE],
        cwd=_MODULE,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    lines: list[str] = []
    started = told = time.monotonic()
    for line in process.stderr or ():
        lines.append(line.rstrip())
        if time.monotonic() - told >= _PROGRESS_EVERY_S:
            told = time.monotonic()
            print(f"  {told - started:4.0f} s: {len(lines)} steps, {lines[-1]}", flush=True)
    if process.wait() == 0:
        return True
    print("\n".join(["tofu: go build failed:", *lines[-5:]]), file=sys.stderr)
    return False


def _runs(binary: Path) -> bool:
    result = subprocess.run(
        [str(binary), "version"], capture_output=True, check=False, timeout=60, text=True
    )
    if result.returncode == 0 and result.stdout.startswith("OpenTofu"):
        return True
    print(f"tofu: the built program does not run: {result.stderr.strip()}", file=sys.stderr)
    return False


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    sys.exit(main())
