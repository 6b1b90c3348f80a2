"""A Pulumi stack of things with a daemon beside it, and what a test asks of both."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.daemon import UNLIMITED, Daemon, serving
from tests.e2e.shop import findings_of
from tests.ports import free_port
from tests.pulumi_world import PulumiStack

HACKED: Final = "hacked"
AUTO: Final = (
    """
[[policy]]
name = "put back"
match = {stack = "things"}
action_type = "auto_correct"
"""
    + UNLIMITED
)
REVIEW: Final = """
[[policy]]
name = "look"
match = {stack = "things"}
action_type = "manual_review"
"""
_CANARY: Final = re.compile(rb"CANARY-[-\w]+|correct horse")


@dataclass(frozen=True, slots=True)
class Things:
    """The stack, whose CLI notes what it is asked, and a daemon's folder of a test's own."""

    stack: PulumiStack
    folder: Path
    caches: Path
    port: int = field(default_factory=free_port)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def environment(self) -> dict[str, str]:
        """What the daemon sees: nothing of the stack, which its env_file tells."""
        return {
            **os.environ,
            "XDG_CACHE_HOME": str(self.caches),
            "XDG_STATE_HOME": str(self.folder / "state"),
        }

    def settings(self, policies: str = "", *, daemon: str = "", **without: bool) -> Path:
        """Write settings; what is `without` is not in the env_file."""
        (self.folder / "things.env").write_text(
            "".join(
                f"{name}={value}\n"
                for name, value in self.stack.environment.items()
                if not without.get(name)
            )
        )
        file = self.folder / "trueup.toml"
        file.write_text(
            f'[daemon]\nlisten = "127.0.0.1:{self.port}"\ndata_dir = "data"\n'
            f'confirm_after = "0s"\n{daemon}\n[[stack]]\nname = "things"\n'
            f'directory = "{self.stack.directory}"\npulumi_stack = "dev"\ninterval = "10s"\n'
            f'env_file = "things.env"\ndynamic_providers = true\n{policies}'
        )
        return file

    def serving(self, settings: Path) -> AbstractContextManager[Daemon]:
        return serving(
            settings, data_dir=self.data_dir, environment=self.environment, directory=self.folder
        )

    def hack(self, name: str = "kept", **fields: Any) -> None:
        """Change a thing behind the stack's back."""
        with self.stack.changed() as things:
            things[name].update(fields or {"value": HACKED})

    @property
    def updates(self) -> int:
        """How often the CLI was told to update."""
        return self.stack.calls("up")

    def canaries(self) -> Iterator[tuple[str, bytes]]:
        """Yield each secret of the stack that the daemon left in clear, and where."""
        ours = (self.data_dir, self.folder / "state", self.caches / "trueup" / "pulumi")
        for file in (file for place in ours for file in sorted(place.rglob("*"))):
            if file.is_file():
                yield from ((str(file), found) for found in _CANARY.findall(file.read_bytes()))


def stack_of(daemon: Daemon) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask("/stacks/things")
    return found


def until_verified(daemon: Daemon) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        found = stack_of(daemon)
        return found if found["verified_at"] else None

    return daemon.until("a complete scan", look)


def until_found(daemon: Daemon, address: str, *, unasked: bool = False) -> dict[str, Any]:
    """Wait for a finding; unless it must come `unasked`, a scan is asked for to save time.

    What is corrected unasked as well may be healed before anybody looks.
    """
    wanted = "state:all" if unasked else "state:open"
    if not unasked:
        daemon.ask("/stacks/things/scan", {})

    def look() -> dict[str, Any] | None:
        return next((one for one in findings_of(daemon, wanted) if one["address"] == address), None)

    return daemon.until(f"{address} being found", look)


def run_of(daemon: Daemon, remediation: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = daemon.ask(f"/runs/{remediation['run_id']}")
    return found
