"""A daemon over directories that need no cloud, and what it says of each stack."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tests.daemon import Daemon, serving
from tests.ports import free_port

CODE: Final = 'terraform {\n  required_version = ">= 1.0"\n}\n'


@dataclass(frozen=True, slots=True)
class LoneDaemon:
    """A folder of stacks without resources, and of a daemon's data."""

    folder: Path
    caches: Path
    port: int = field(default_factory=free_port)
    extra: Mapping[str, str] = field(default_factory=dict)

    @property
    def data_dir(self) -> Path:
        return self.folder / "data"

    @property
    def settings_file(self) -> Path:
        return self.folder / "trueup.toml"

    @property
    def environment(self) -> dict[str, str]:
        return {
            **os.environ,
            "XDG_CACHE_HOME": str(self.caches),
            "XDG_STATE_HOME": str(self.folder / "state"),
            **self.extra,
        }

    def stack(self, name: str) -> Path:
        """Make a root module that declares nothing, in a directory called `name`."""
        directory = self.folder / name
        directory.mkdir()
        (directory / "main.tf").write_text(CODE)
        return directory

    def settings(self, stacks: Mapping[str, str], *, daemon: str = "", more: str = "") -> Path:
        """Write a trueup.toml of `stacks`: by name, what else stands in its section."""
        sections = [
            f'[[stack]]\nname = "{name}"\ndirectory = "{self.folder / name}"\n{more}\n'
            for name, more in stacks.items()
        ]
        self.settings_file.write_text(
            f'[daemon]\nlisten = "127.0.0.1:{self.port}"\ndata_dir = "data"\n{daemon}\n'
            + "".join(sections)
            + more
        )
        return self.settings_file

    def serving(
        self,
        *,
        wrapper: Sequence[str] = (),
        options: Sequence[str] = (),
        find_settings: bool = False,
    ) -> AbstractContextManager[Daemon]:
        """Start the daemon; with `find_settings` it has to find its file by itself."""
        return serving(
            None if find_settings else self.settings_file,
            data_dir=self.data_dir,
            environment=self.environment,
            directory=self.folder,
            wrapper=wrapper,
            options=options,
        )


def error_of(daemon: Daemon, stack: str) -> str | None:
    """Return what stops the daemon from reading `stack`; None while it is not known."""
    told = look_at(daemon, stack)
    return str(told["error"]) if told["health"] == "error" else None


def look_at(daemon: Daemon, stack: str) -> dict[str, Any]:
    """Return what the daemon says of `stack`."""
    found: dict[str, Any] = daemon.ask(f"/stacks/{stack}")
    return found
