"""Where a stack's record is kept: files that can be read as they are, or whatever the CLI reads.

Source: pkg/backend/diy (backend.go, store.go, lock.go) of pulumi/pulumi 3.259.
"""

from __future__ import annotations

import os
import pwd
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import orjson

from iac_adapters.pulumi.programs import pulumi_home
from iac_adapters.pulumi.project import Project
from reconciler.bounded_files import read_bytes
from reconciler.domain.errors import PermanentError

_FILE: Final = "file://"
_CLOUD: Final = "https://api.pulumi.com"
_ORGANIZATION: Final = "organization"
_ENDINGS: Final = (".json", ".json.gz")
# The CLI reads it; our own reader has no such codec.
_PACKED: Final = ".json.zst"
MOST_STATE_BYTES: Final = 512 * 2**20
_BOOK: Final = ".pulumi"


@dataclass(frozen=True, slots=True)
class Place:
    """One stack's place in a backend; `root` is its folder for a file backend, else None.

    `packed_in` is the folder of one whose files the CLI alone reads.
    """

    url: str
    project: str
    stack: str
    root: Path | None = None
    legacy: bool = False
    packed_in: Path | None = None

    @property
    def label(self) -> str:
        """Return how the stack is called in errors."""
        return f"{self.project}/{self.stack}"

    @property
    def recorded_in(self) -> str:
        """Return how the stack's record is called in errors: by its file where it is one."""
        return str(self.state_file or f"{self.url} ({self.label})")

    @property
    def identity(self) -> str:
        """Return what tells the backend from every other one.

        A URL may be relative: `file://./state` is another folder in each checkout.
        """
        folder = self.root or self.packed_in
        return self.url if folder is None else f"{_FILE}{folder}"

    @property
    def state_file(self) -> Path | None:
        """Return the checkpoint that can be read as it is; None when there is none such."""
        return None if self.root is None else self._file(self.root, _ENDINGS)

    @property
    def any_file(self) -> Path | None:
        """Return the checkpoint, be it one that the CLI alone reads; None when there is none."""
        folder = self.root or self.packed_in
        return None if folder is None else self._file(folder, (*_ENDINGS, _PACKED))

    @property
    def lock_folder(self) -> Path | None:
        """Return where locks of the stack lie."""
        if self.root is None:
            return None
        name = self._relative if self.legacy else Path(_ORGANIZATION) / self._relative
        return self.root / _BOOK / "locks" / name

    @property
    def history_folder(self) -> Path | None:
        """Return where a record of every update lies."""
        return None if self.root is None else self.root / _BOOK / "history" / self._relative

    def _file(self, folder: Path, endings: tuple[str, ...]) -> Path | None:
        base = folder / _BOOK / "stacks" / self._relative
        found = (base.with_name(f"{base.name}{ending}") for ending in endings)
        return next((file for file in found if file.exists()), None)

    @property
    def _relative(self) -> Path:
        return Path(self.stack) if self.legacy else Path(self.project) / self.stack


def backend_url(project: Project, environment: Mapping[str, str]) -> str:
    """Return the backend the CLI would use: by environment, project file, or login."""
    if named := environment.get("PULUMI_BACKEND_URL"):
        return named
    if project.backend:
        return project.backend
    try:
        content = orjson.loads(read_bytes(pulumi_home(environment) / "credentials.json"))
        current = content.get("current")
    except (OSError, orjson.JSONDecodeError, AttributeError):
        current = None
    return current if isinstance(current, str) and current else _CLOUD


def locate_stack(project: Project, *, url: str, stack: str) -> Place:
    """Return where `stack` is kept.

    Raises:
        PermanentError: the backend is a folder, and no such stack is in it.
    """
    name = stack.rpartition("/")[2]
    root = _root(url, project.directory)
    if root is None:
        return Place(url, project.name, name)
    for legacy in (False, True):
        place = Place(url, project.name, name, root, legacy)
        if place.state_file is not None:
            return place
    stacks = root / _BOOK / "stacks"
    if any((stacks / project.name).glob(f"{name}{_PACKED}")):
        return Place(url, project.name, name, packed_in=root)
    known = ", ".join(known_stacks(project, root)) or "none"
    raise PermanentError(
        f"{project.file}: there is no stack {name!r} in {url} (stacks: {known})",
        remedy="name one with --stack or `pulumi_stack`, or make it with `pulumi stack init`",
    )


def known_stacks(project: Project, root: Path) -> tuple[str, ...]:
    """Return the names of the project's stacks below a file backend's `root`, sorted."""
    stacks = root / _BOOK / "stacks"
    files = [*(stacks / project.name).glob("*.json*"), *stacks.glob("*.json*")]
    names = {file.name.partition(".json")[0] for file in files if not _is_spare(file)}
    return tuple(sorted(names))


def unchosen(project: Project, url: str) -> PermanentError:
    """Return the error for a project none of whose stacks was named."""
    root = _root(url, project.directory)
    names = () if root is None else known_stacks(project, root)
    known = f" (stacks: {', '.join(names)})" if names else ""
    return PermanentError(
        f"{project.file}: no stack is selected{known}",
        remedy="name one with --stack or `pulumi_stack`, or run `pulumi stack select`",
    )


def _is_spare(file: Path) -> bool:
    return file.name.endswith((".bak", ".attrs"))


def _root(url: str, directory: Path) -> Path | None:
    if not url.startswith(_FILE):
        return None
    path = unquote(url.removeprefix(_FILE).partition("?")[0])
    if path == "~" or path.startswith("~/"):
        # The CLI asks the system who the user is, whatever HOME says.
        return Path(pwd.getpwuid(os.getuid()).pw_dir) / path[2:]
    return (directory / path).resolve() if not path.startswith("/") else Path(path)
