"""A host below a directory, whose agent is the real one in a process of its own."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import psutil

from tests.daemon import Daemon

ROOT: Final = Path(__file__).parents[2]
SSHD: Final = "/etc/ssh/sshd_config.d/10-baseline.conf"
RIGHT: Final = "PasswordAuthentication no\n"
WRONG: Final = "PasswordAuthentication yes\n"


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class ReportingHost:
    """A file system of a host, and its agent's state folder."""

    folder: Path
    name: str = "web-1"

    @property
    def root(self) -> Path:
        return self.folder / "root"

    @property
    def state(self) -> Path:
        return self.folder / "state"

    def write(self, path: str, text: str, *, mode: int = 0o644) -> None:
        """Write a file of the host."""
        file = self.root / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
        file.chmod(mode)

    def read(self, path: str) -> str:
        """Return what a file of the host holds."""
        return (self.root / path.lstrip("/")).read_text()

    def account(self) -> None:
        """Let the user of this process be called root there, as whoever owns the files."""
        self.write("/etc/passwd", f"root:x:{os.getuid()}:{os.getgid()}::/root:/bin/sh\n")
        self.write("/etc/group", f"root:x:{os.getgid()}:\n")

    def agent(self, *arguments: str, stdin: str = "", fails: bool = False) -> str:
        """Run the agent as a user would; return what it printed, its complaint if it `fails`."""
        done = subprocess.run(
            [sys.executable, "-m", "agent", *arguments, f"--state={self.state}"],
            cwd=ROOT,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode != 0) == fails, done.stderr
        return done.stderr if fails else done.stdout

    @contextmanager
    def running(self, *options: str) -> Iterator[psutil.Process]:
        """Let the agent report again and again; give the process that waits in between."""
        process = subprocess.Popen(
            [sys.executable, "-m", "agent", "run", f"--state={self.state}", *options],
            cwd=ROOT,
            stderr=subprocess.PIPE,
        )
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            assert process.wait(60) == 130
            process.communicate()

    def enroll(
        self, daemon: Daemon, *, server: str | None = None, options: Sequence[str] = ()
    ) -> str:
        """Enroll this host with a token of its own; return the agent's id."""
        made = daemon.ask("/agents/enroll-tokens", {"host": self.name})
        self.agent(
            "enroll", *options, f"--server={server or daemon.address}", "--token-file=-",
            f"--host={self.name}",
            f"--root={self.root}", "--tree=/etc", stdin=made["token"],
        )  # fmt: skip
        return str(json.loads((self.state / "identity.json").read_text())["agent_id"])

    def report(self) -> dict[str, Any]:
        """Capture and report once; return what the agent says of it."""
        told: dict[str, Any] = json.loads(self.agent("once", "--json"))
        return told
