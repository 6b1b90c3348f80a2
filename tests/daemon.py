"""`trueup serve` as a user would start it, and its API as a script would ask it.

Usable from tests, benchmarks and the demo alike: nothing here needs pytest.
"""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, TypeVar

from tests.warm.process import start

T = TypeVar("T")
UNLIMITED: Final = """
[[guardrail]]  # tests correct within a minute what nobody would let go on within a day
bake = "0s"
exception = "0s"
failed_percent = 100
failures = 100
fights = 0
flaps = 0
fleet_percent = 100
max_percent = 100
max_resources = 1000
stack_per_day = 10000
total_failures = 1000
total_per_day = 10000
"""
_START_LIMIT_S: Final = 120.0
_END_LIMIT_S: Final = 60.0
_CHECK_EVERY_S: Final = 0.2
_SAYS_WHERE: Final = re.compile(r"trueup serves (http://\S+)")


class DaemonError(Exception):
    """It did not do what was waited for; the message ends with its last words."""


class RefusedError(DaemonError):
    """The API said no: `status`, and the problem document as `problem`."""

    def __init__(self, path: str, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{path}: {status} {problem}")
        self.status = status
        self.problem = problem


@dataclass(slots=True)
class Daemon:
    """A running daemon. `lines` is what it said so far, and all it said once it has ended."""

    process: subprocess.Popen[str]
    token_file: Path
    lines: list[str] = field(default_factory=list, repr=False)
    address: str = ""
    _reader: threading.Thread = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def ask(self, path: str, body: object = None, *, method: str | None = None) -> Any:
        """Return the JSON answer of the API below `/api/v1`.

        Raises:
            RefusedError: it said no.
        """
        request = urllib.request.Request(
            f"{self.address}/api/v1{path}",
            data=None if body is None else json.dumps(body).encode(),
            method=method,
            headers={
                "Authorization": f"Bearer {self.token_file.read_text().strip()}",
                "Content-Type": "application/json",
            },
        )
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise RefusedError(path, error.code, json.loads(error.read())) from error

    def until(self, what: str, look: Callable[[], T | None], *, within_s: float = 240.0) -> T:
        """Return what `look` gives as soon as it gives anything true.

        Raises:
            DaemonError: it did not in time, or the daemon ended.
        """
        limit = time.monotonic() + within_s
        while time.monotonic() < limit:
            if seen := look():
                return seen
            if self.process.poll() is not None:
                break
            time.sleep(_CHECK_EVERY_S)
        said = "\n".join(self.lines[-20:])
        raise DaemonError(f"waited in vain for: {what}\nthe daemon's last words:\n{said}")

    def scan(self, *stacks: str) -> list[dict[str, Any]]:
        """Have `stacks` scanned; return each as a scan left it that began after this call."""
        before = {name: self.ask(f"/stacks/{name}")["last_scan_at"] for name in stacks}
        for name in stacks:
            self.ask(f"/stacks/{name}/scan", {})

        def scanned(name: str) -> dict[str, Any] | None:
            found: dict[str, Any] = self.ask(f"/stacks/{name}")
            # The end of one that was under way leaves the stack due at once.
            is_another = found["last_scan_at"] != before[name] and lies_ahead(found["next_due_at"])
            return found if is_another else None

        return [
            self.until(f"a scan of {name}", lambda name=name: scanned(name))  # type: ignore[misc]
            for name in stacks
        ]

    def end(self) -> int:
        """End it as a service manager does; return its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            code = self.process.wait(_END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise DaemonError(f"the daemon did not end within {_END_LIMIT_S:.0f} s") from None
        # Its last words may still be in the pipe, which a process that it left can hold open.
        self._reader.join(_END_LIMIT_S)
        return code

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                self.lines.append(line.rstrip("\n"))
                self.address = address_in(line) or self.address


@contextmanager
def serving(
    settings: Path | None,
    *,
    data_dir: Path,
    environment: Mapping[str, str],
    directory: Path,
    wrapper: Sequence[str] = (),
    options: Sequence[str] = (),
) -> Iterator[Daemon]:
    """Start the daemon on `settings`, by way of the command `wrapper` when there is one.

    Without `settings` it finds them from `directory` on.

    It is ended with the block, however that ends.

    Raises:
        DaemonError: it did not come up.
    """
    process = start(
        [
            Path(sys.executable).with_name("trueup"),
            *(() if settings is None else ("--config", settings)),
            "serve",
            *options,
        ],
        environment=environment,
        wrapper=wrapper,
        cwd=directory,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    daemon = Daemon(process, data_dir / "admin.token")
    try:
        daemon.until("the daemon's address", lambda: daemon.address, within_s=_START_LIMIT_S)
        yield daemon
    finally:
        daemon.end()


def address_in(line: str) -> str | None:
    """Return the address that a daemon says it serves at; None where the line says none."""
    found = _SAYS_WHERE.search(line)
    return found.group(1) if found else None


def lies_ahead(moment: str | None) -> bool:
    """Return whether a time of the API is still to come."""
    return moment is not None and datetime.fromisoformat(moment) > datetime.now(UTC)
