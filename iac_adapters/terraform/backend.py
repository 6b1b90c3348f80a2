"""Where a root module's state is, and its bytes.

Source: internal/command/meta_backend.go and internal/backend/local of Terraform 1.11.
"""

from __future__ import annotations

import asyncio
import errno
import os
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import orjson

from iac_adapters.terraform.executable import TOFU
from iac_adapters.terraform.workspace import DEFAULT_WORKSPACE, data_directory
from reconciler.bounded_files import UnfitFileError, apart, read_bytes, status_of
from reconciler.domain.errors import PermanentError, RetryableError

if TYPE_CHECKING:
    from iac_adapters.terraform.command import ToolRun

LOCAL: Final = "local"
_STATE_NAME: Final = "terraform.tfstate"
_WORKSPACE_FOLDER: Final = "terraform.tfstate.d"
_PULL_LIMIT_S: Final = 120.0
MOST_STATE_BYTES: Final = 512 * 2**20
_HEAD_BYTES: Final = 4096
_ATTEMPTS: Final = 10
_PAUSE_S: Final = 0.1

_NEEDS_INIT: Final = re.compile(
    r"initialization required|not initialized|please run .?(terraform|tofu) init|"
    r"Module not installed|Required plugins are not installed|Backend configuration changed",
    re.IGNORECASE,
)
_REFUSED: Final = re.compile(
    r"AccessDenied|access denied|InvalidClientTokenId|InvalidAccessKeyId|ExpiredToken|"
    r"SignatureDoesNotMatch|NoCredentialProviders|No valid credential sources|"
    r"password authentication failed|role \S+ does not exist|database \S+ does not exist|"
    r"NoSuchBucket|does not exist\b|requires auth|HTTP remote state endpoint invalid auth|"
    r"\b40[13]\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class StateLocation:
    """Where one workspace's state is. `path` is None where only the tool can fetch it."""

    directory: Path
    workspace: str
    backend: str
    path: Path | None

    @property
    def description(self) -> str:
        """The words that name the state in messages."""
        if self.path is not None:
            return str(self.path)
        return f"{self.directory} ({self.backend} backend, workspace {self.workspace})"


def locate_state(
    directory: Path,
    *,
    workspace: str,
    environment: Mapping[str, str],
    declared: str | None,
    tool: str,
) -> StateLocation:
    """Find the state of `workspace` without reading it; `declared` is the code's backend.

    `tool` is the program that a remedy names.

    Raises:
        PermanentError: the code's backend and the initialised one are not the same, or
            what `init` left behind cannot be read.
    """
    file = data_directory(directory, environment) / _STATE_NAME
    initialised = _initialised_backend(file, tool=tool)
    kind = str(initialised.get("type") or "") or None
    if declared != kind:
        _refuse_uninitialised(directory, declared=declared, initialised=kind, tool=tool)
    if kind not in (None, LOCAL):
        return StateLocation(directory, workspace, str(kind), None)
    config = initialised.get("config") or {}
    if workspace == DEFAULT_WORKSPACE:
        path = directory / str(config.get("path") or _STATE_NAME)
    else:
        folder = directory / str(config.get("workspace_dir") or _WORKSPACE_FOLDER)
        path = folder / workspace / _STATE_NAME
    return StateLocation(directory, workspace, LOCAL, path)


async def read_state(
    location: StateLocation,
    *,
    executable: Path,
    environment: Mapping[str, str],
    called_from: Path | None = None,
    timeout_s: float = _PULL_LIMIT_S,
) -> bytes:
    """Return the state's bytes; none when nothing was ever applied. Nothing is written.

    A state in a file is read directly, without its lock: where the file changes while it
    is read, it is read again. Any other, and one that OpenTofu encrypted, is asked of
    `executable`.

    Raises:
        RetryableError: the backend does not answer, or the file does not come to rest.
        PermanentError: the state may not be read, or the workspace does not exist.
    """
    if location.path is not None:
        _require_local_workspace(location)
        content = await _read_settled(location.path)
        if not _is_encrypted(content) or executable.name != TOFU:
            return content
    from iac_adapters.terraform.command import run_tool  # noqa: PLC0415  no local state needs it

    environment = {**environment, "TF_WORKSPACE": location.workspace}

    async def ask(*arguments: str) -> ToolRun:
        return await run_tool(
            executable,
            arguments,
            directory=location.directory,
            called_from=called_from,
            environment=environment,
            timeout_s=timeout_s,
        )

    if location.workspace != DEFAULT_WORKSPACE:
        # Asking some backends (s3, pg) for a workspace's state creates the workspace.
        await _require_workspace(location, executable, ask)
    return _output(location, await ask("state", "pull"), executable)


def _require_local_workspace(location: StateLocation) -> None:
    """Refuse a workspace that was never made: a plan would take it for an empty one."""
    assert location.path is not None  # noqa: S101 - callers check
    folder = location.path.parent
    if location.workspace == DEFAULT_WORKSPACE or folder.is_dir():
        return
    siblings = folder.parent.iterdir() if folder.parent.is_dir() else ()
    names = sorted({DEFAULT_WORKSPACE, *(sibling.name for sibling in siblings if sibling.is_dir())})
    raise PermanentError(
        f"{location.directory}: there is no workspace {location.workspace!r}"
        f" (workspaces: {', '.join(names)})",
        remedy="name one of these, or make it with `terraform workspace new`",
    )


async def _require_workspace(
    location: StateLocation, executable: Path, ask: Callable[..., Awaitable[ToolRun]]
) -> None:
    run = await ask("workspace", "list")
    if run.exit_code != 0 and "workspaces not supported" in run.stderr:
        return
    listed = _output(location, run, executable).decode(errors="replace")
    if location.workspace not in {line.strip("* \t") for line in listed.splitlines()}:
        raise PermanentError(
            f"{location.directory}: there is no workspace {location.workspace!r}"
            f" in its {location.backend} backend",
            remedy=f"`{executable.name} workspace list` shows the names",
        )


def _output(location: StateLocation, run: ToolRun, executable: Path) -> bytes:
    if run.exit_code == 0:
        return run.stdout
    from iac_adapters.terraform.diagnostics_text import plain_text  # noqa: PLC0415  an error's

    text = plain_text(run.stderr) or f"exit code {run.exit_code}"
    if _NEEDS_INIT.search(text):
        raise PermanentError(
            f"{location.description}: the directory is not initialised for its code\n{text}",
            remedy=f"run `{executable.name} init` in {location.directory}",
        )
    message = f"{location.description}: the state could not be read\n{text}"
    if _REFUSED.search(text):
        raise PermanentError(message, remedy="check the backend's settings and credentials")
    raise RetryableError(message, remedy="check that the backend can be reached from here")


def state_at_rest(location: StateLocation) -> bytes | None:
    """Return the bytes of a state in a file that nobody writes; None where `read_state` has to.

    Raises:
        PermanentError: see `read_state`.
    """
    if location.path is None:
        return None
    _require_local_workspace(location)
    content, settled = _read_once(location.path)
    return content if settled and _is_whole(content) and not _is_encrypted(content) else None


def _is_encrypted(content: bytes) -> bool:
    """Whether OpenTofu encrypted it: the tool alone has the key, and `state pull` decrypts."""
    return b'"encrypted_data"' in content[:_HEAD_BYTES] or (
        b'"encryption_version"' in content[-_HEAD_BYTES:]
    )


def _is_whole(content: bytes) -> bool:
    return not content.strip() or content.rstrip().endswith(b"}")


async def _read_settled(path: Path) -> bytes:
    """Read `path` until it did not change in between, nor ends in mid-write."""
    for attempt in range(_ATTEMPTS):
        content, settled = await apart(lambda: _read_once(path), place=path)
        if settled and _is_whole(content):
            return content
        if settled and attempt > 1:
            # At rest and still not whole: that is damage, which the parser names.
            return content
        await asyncio.sleep(_PAUSE_S)
    raise RetryableError(
        f"{path}: keeps being written", remedy="repeat when the running apply is done"
    )


def _read_once(path: Path) -> tuple[bytes, bool]:
    try:
        before = status_of(path)
        content = read_bytes(path, most=MOST_STATE_BYTES)
        after = path.stat()
    except FileNotFoundError:
        return b"", True
    except UnfitFileError as error:
        raise PermanentError(
            f"{path}: {error.strerror}",
            remedy="check the backend's `path`; a state is a regular file of usual size",
        ) from error
    except OSError as error:
        raise PermanentError(f"{path}: {_reason(error)}", remedy=_remedy(error)) from error
    return content, _version(before) == _version(after)


def _version(status: os.stat_result) -> tuple[int, int, int, int]:
    return status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "is a symbolic link that leads back to itself"
    return error.strerror or type(error).__name__


def _remedy(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "replace the link by the file it was meant to lead to"
    return "give the user running trueup the right to read the state"


def _initialised_backend(file: Path, *, tool: str) -> dict[str, Any]:
    try:
        document = orjson.loads(read_bytes(file))
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise PermanentError(f"{file}: {_reason(error)}", remedy=_remedy(error)) from error
    except orjson.JSONDecodeError:
        raise PermanentError(
            f"{file}: is broken", remedy=f"remove it and run `{tool} init -reconfigure`"
        ) from None
    backend = document.get("backend") if isinstance(document, dict) else None
    return backend if isinstance(backend, dict) else {}


def _refuse_uninitialised(
    directory: Path, *, declared: str | None, initialised: str | None, tool: str
) -> None:
    if initialised is None:
        what = f"the code names a {declared} backend, which is not initialised"
        remedy = f"run `{tool} init` in {directory}"
    else:
        code = f"names a {declared} backend" if declared else "names no backend"
        what = f"it was initialised with a {initialised} backend, and the code now {code}"
        remedy = f"run `{tool} init -migrate-state` or `-reconfigure` in {directory}"
    raise PermanentError(f"{directory}: {what}", remedy=remedy)
