"""A reader at work: a checkout with one applied stack, and a shell that does what a page says."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.daemon import lies_ahead
from tests.e2e.command import Trueup
from tests.e2e.pages import Block, blocks
from tests.makers import MakersStack
from tests.parts import require
from tests.ports import free_port

PROGRAMS: Final = ("jq", "curl", "sqlite3")
RESTING: Final = frozenset({"awaiting_approval", "held", "needs_human", "unknown"})
LIMIT_S: Final = 120


@dataclass(frozen=True, slots=True)
class House:
    """A checkout with one applied stack, and what a shell in it sees."""

    directory: Path
    command: Trueup
    address: str

    @classmethod
    def furnished(cls, template: MakersStack, folder: Path, caches: Path) -> House:
        """Copy the applied stack into a checkout of its own below `folder`."""
        directory = folder / "checkout"
        shutil.copytree(template.directory, directory / "infra" / "webshop", symlinks=True)
        port = free_port()
        found = f"{Path(sys.executable).parent}:{template.terraform.parent}"
        environment = {
            **template.environment,
            "PATH": f"{found}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(folder),
            "XDG_CACHE_HOME": str(caches),
            "XDG_DATA_HOME": str(folder / "data"),
            "XDG_STATE_HOME": str(folder / "state"),
            "TRUEUP_LISTEN": f"127.0.0.1:{port}",
        }
        return cls(directory, Trueup(environment), f"http://127.0.0.1:{port}/api/v1")

    @property
    def data_dir(self) -> Path:
        return Path(self.command.environment["XDG_DATA_HOME"]) / "trueup"

    def break_it(self) -> None:
        (self.directory / "infra" / "webshop" / "out" / "motd.txt").unlink(missing_ok=True)

    def run(self, script: str, **more: str) -> tuple[int, str]:
        """Run `script` as a reader would; return its exit code and all it printed."""
        output = self.directory.parent / "output"
        # A file, since a daemon that the script starts keeps it open.
        with output.open("w") as stream:
            done = subprocess.run(
                ["bash", "-euo", "pipefail", "-c", script],
                cwd=self.directory,
                env={**self.command.full_environment(), **more},
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=LIMIT_S,
            )
        return done.returncode, output.read_text()

    def settle(self) -> None:
        """Wait as a reader does: until the daemon has looked, and done what it does by itself."""
        seen = None
        limit = time.monotonic() + LIMIT_S
        while time.monotonic() < limit:
            try:
                stack = self._ask("GET", "/stacks/webshop")
            except (httpx.TransportError, FileNotFoundError):
                time.sleep(0.1)
                continue
            if seen is None:
                seen = stack["verified_at"] or "never"
                self._ask("POST", "/stacks/webshop/scan")
            elif self._is_scanned(stack, seen) and not self._moving():
                return
            time.sleep(0.1)
        pytest.fail("the daemon did not come to rest")

    def _is_scanned(self, stack: dict[str, Any], seen: str) -> bool:
        """Whether a scan is over that was asked for; one that was under way leaves it due."""
        return stack["verified_at"] not in (None, seen) and lies_ahead(stack["next_due_at"])

    def _moving(self) -> list[str]:
        """Return what the daemon still works on; what it corrects unasked it first sees again."""
        return [
            one["state"]
            for one in self._ask("GET", "/remediations?state=open")["items"]
            if one["state"] not in RESTING and one["action_type"] == "manual_review"
        ]

    def _ask(self, method: str, path: str) -> Any:
        token = (self.data_dir / "admin.token").read_text().strip()
        answer = httpx.request(
            method,
            self.address + path,
            headers={"Authorization": f"Bearer {token}"},
            timeout=LIMIT_S,
        )
        answer.raise_for_status()
        return answer.json()


def to_run(page: Path) -> list[Block]:
    return [block for block in blocks(page) if block.code is not None]


def run_page(house: House, page: Path, *, settled: bool) -> None:
    started = settled
    for block in to_run(page):
        for program in PROGRAMS:
            if re.search(rf"\b{program}\b", block.text):
                require(program, shutil.which(program))
        code, output = house.run(block.text)
        assert code == block.code, f"{block.where} ended with {code}:\n{output}"
        started = started or "trueup serve" in block.text
        if started:
            house.settle()
