"""The files that a module's code reads by `file()` and its kin: a change of theirs is a change.

Source: functions that open files in Terraform 1.11 and OpenTofu 1.11.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.terraform.known_texts import UNKNOWN, Scope, Text
from iac_adapters.terraform.source_files import files_below
from reconciler.bounded_files import UnfitFileError, open_regular
from reconciler.domain.errors import PermanentError

_CALL: Final = re.compile(
    r"\b(?:file(?:base64|exists|md5|sha1|sha256|sha512|base64sha256|base64sha512)?|templatefile"
    r"|(?P<set>fileset))\s*\("
)
_MOST_FILES: Final = 20_000


@dataclass(frozen=True, slots=True)
class FileReferences:
    """What a module reads: a digest of it, and whether some of it cannot be named."""

    digest: bytes
    unnamed: bool = False


def file_references(texts: Mapping[Path, str], scope: Scope) -> FileReferences:
    """Return what the code in `texts`, one module's files, reads.

    A file whose name is known counts by its content. Where a name begins in a folder, every
    file there counts by size and time of change; where nothing of it is known, every file of
    the module and of the root module, and it may be elsewhere as well.

    Raises:
        PermanentError: a file whose name is known is a pipe.
    """
    calls: set[tuple[bool, Text]] = set()
    for file, text in texts.items():
        # In JSON the quotes inside of an expression are escaped.
        code = text.replace('\\"', '"') if file.name.endswith(".json") else text
        for call in _CALL.finditer(code):
            calls.add((call["set"] is not None, scope.text_at(code, call.end())))
    digest = hashlib.sha256()
    for is_folder, name in sorted(calls, key=lambda call: (call[0], call[1].value, call[1].whole)):
        for folder in _folders(scope, name, is_folder=is_folder):
            _add_folder(digest, folder)
        if name.whole and not is_folder:
            _add_content(digest, _path(scope, name.value))
    unnamed = any(not name.whole and not _folder_of(name) for _, name in calls)
    return FileReferences(digest.digest(), unnamed)


def _folders(scope: Scope, name: Text, *, is_folder: bool) -> list[Path]:
    if name.whole:
        return [_path(scope, name.value)] if is_folder else []
    if fixed := _folder_of(name):
        return [_path(scope, fixed)]
    return [scope.folder, scope.root]


def _path(scope: Scope, name: str) -> Path:
    return scope.root / os.path.expanduser(name)  # noqa: PTH111 - Path's raises for a stranger's


def _folder_of(name: Text) -> str:
    """Return the folder in which a name begins; nothing where that is not known."""
    return name.value.rpartition("/")[0] if name != UNKNOWN else ""


def _add_content(digest: hashlib._Hash, file: Path) -> None:
    digest.update(str(file).encode(errors="surrogateescape"))
    try:
        with open_regular(file) as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    except UnfitFileError as error:
        _refuse_pipe(file, error)
        digest.update(f"unreadable {error.errno}".encode())
    except (OSError, ValueError) as error:
        digest.update(f"unreadable {getattr(error, 'errno', None)}".encode())


def _refuse_pipe(file: Path, error: OSError) -> None:
    """Refuse a file that the tool would open, and wait for whoever writes into it.

    Raises:
        PermanentError: it is a pipe; the message names it.
    """
    if file.is_fifo():
        raise PermanentError(
            f"{file}: {error.strerror}, and the code reads it",
            remedy="put a regular file in its place",
        ) from error


def _add_folder(digest: hashlib._Hash, folder: Path) -> None:
    for count, file in enumerate(files_below(folder)):
        if count >= _MOST_FILES:
            return
        try:
            status = file.stat()
        except OSError:
            continue
        line = f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode(errors="surrogateescape"))
