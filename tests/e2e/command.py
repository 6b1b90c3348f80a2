"""`trueup` as people run it: a process of its own, judged by what it prints and leaves behind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import psutil

from tests.warm.process import start

LIMIT_S: Final = 150
_MARK: Final = "TRUEUP_TEST_MARK"
_PROGRAM: Final = Path(sys.executable).with_name("trueup")


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """The one object on stdout."""
        (line,) = self.out.splitlines()
        made: dict[str, Any] = json.loads(line)
        return made

    @property
    def everything(self) -> str:
        return self.out + self.err


@dataclass(frozen=True, slots=True)
class Trueup:
    """The command in one environment. Every process it starts carries a mark to find it by."""

    environment: Mapping[str, str]
    mark: str = field(default_factory=lambda: uuid.uuid4().hex)
    wrapper: tuple[str, ...] = ()

    def start(
        self, *arguments: str | Path, cwd: Path | None = None, **streams: Any
    ) -> subprocess.Popen[str]:
        streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
        return start(
            [_PROGRAM, *arguments],
            environment=self.full_environment(),
            wrapper=self.wrapper,
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            **streams,
        )

    def full_environment(self) -> dict[str, str]:
        """Return all the command sees, its mark included."""
        return {**os.environ, "COLUMNS": "400", **self.environment, _MARK: self.mark}

    def run(self, *arguments: str | Path, cwd: Path | None = None) -> Ended:
        process = self.start(*arguments, cwd=cwd)
        try:
            out, err = process.communicate(timeout=LIMIT_S)
        finally:
            process.kill()
        return Ended(process.returncode, out, err)

    def processes(self) -> list[psutil.Process]:
        """Return what is still running of all that was started here."""
        return [one for one in psutil.process_iter() if self._is_ours(one)]

    def wait_until_gone(self, *, within_s: float = 60.0) -> list[str]:
        """Return the command lines of what is left when all should have ended."""
        limit = time.monotonic() + within_s
        while (left := self.processes()) and time.monotonic() < limit:
            time.sleep(0.05)
        return [_words(one) for one in left]

    def _is_ours(self, process: psutil.Process) -> bool:
        try:
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            return process.environ().get(_MARK) == self.mark
        except psutil.Error:
            return False


def bound_by_permissions() -> tuple[str, ...]:
    """Return what to start a command with so that even root may read only what it may."""
    if os.geteuid() != 0:
        return ()
    return ("setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all")


def wait_for(condition: Any, *, within_s: float = 60.0) -> None:
    limit = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < limit, "what the test waits for did not happen"
        time.sleep(0.02)


@contextmanager
def killed_at_the_end(process: subprocess.Popen[str]) -> Iterator[subprocess.Popen[str]]:
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate(timeout=30)


def _words(process: psutil.Process) -> str:
    try:
        return " ".join(process.cmdline())
    except psutil.Error:
        return f"process {process.pid}"
