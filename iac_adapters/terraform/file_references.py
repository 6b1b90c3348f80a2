"""The files that a module's code reads by `file()` and its kin: a change of theirs is a change.

Source: functions that open files in Terraform 1.11 and OpenTofu 1.11.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from iac_adapters.terraform.hcl_text import skip
from iac_adapters.terraform.known_texts import UNKNOWN, Scope, Text
from iac_adapters.terraform.source_files import TOFU, files_below
from reconciler.bounded_files import UnfitFileError, open_regular, read_text
from reconciler.domain.errors import PermanentError

_CALL: Final = re.compile(
    r"\b(?:file(?:base64|exists|md5|sha1|sha256|sha512|base64sha256|base64sha512)?"
    r"|(?P<template>templatefile)|(?P<text>templatestring)|(?P<set>fileset)"
    r"|(?P<plugin>provider::[\w-]+::[\w-]+))\s*\("
)
_HOLE: Final = re.compile(r"(?<!\$)\$\{|(?<!%)%\{")
_MOST_FILES: Final = 20_000


@dataclass(frozen=True, slots=True)
class FileReferences:
    """What a module reads: a digest of it, and whether some of it cannot be named."""

    digest: bytes
    unnamed: bool = False


@dataclass(frozen=True, slots=True)
class _Call:
    """A call that reads: `kind` is the group of `_CALL`, empty for a file, `name` its argument."""

    kind: str
    name: Text

    @property
    def is_folder(self) -> bool:
        return self.kind == "set"


def file_references(texts: Mapping[Path, str], scope: Scope, *, tool: str) -> FileReferences:
    """Return what the code in `texts`, one module's files, reads.

    A file whose name is known counts by its content. Where a name begins in a folder, every
    file there counts by size and time of change; where nothing of it is known, every file of
    the module and of the root module, and it may be elsewhere as well. So it is with a template
    whose text is not known, where `tool` lets one read files: Terraform does not.

    Raises:
        PermanentError: a file whose name is known is a pipe.
    """
    calls = [call for call in _calls(texts, scope) if _reads(call, tool)]
    digest = hashlib.sha256()
    for call in sorted(calls, key=lambda call: (call.is_folder, call.name.value, call.name.whole)):
        for folder in _folders(scope, call.name, is_folder=call.is_folder):
            _add_folder(digest, folder)
        if call.name.whole and not call.is_folder:
            _add_content(digest, _path(scope, call.name.value))
    unnamed = any(not call.name.whole and not _folder_of(call.name) for call in calls)
    return FileReferences(digest.digest(), unnamed)


def _reads(call: _Call, tool: str) -> bool:
    """Whether a file is read by the name of `call`; a template that is known reads by its own."""
    return call.kind != "text" or (tool == TOFU and not call.name.whole)


def _calls(texts: Mapping[Path, str], scope: Scope) -> set[_Call]:
    """Return the calls of the code and, in their turn, of the templates that it names."""
    # A template knows the names that it is given, and nothing of the code's.
    inside = Scope((), scope.folder, scope.root, scope.called_from, "")
    waiting = deque(
        call for file, text in texts.items() for call in _calls_in(_code(file, text), scope)
    )
    found: set[_Call] = set()
    while waiting:
        call = waiting.popleft()
        if call not in found:
            found.add(call)
            for expression in _expressions(_template(call, scope)):
                waiting.extend(_calls_in(expression, inside))
    return found


def _code(file: Path, text: str) -> str:
    # In JSON the quotes inside of an expression are escaped.
    return text.replace('\\"', '"') if file.name.endswith(".json") else text


def _calls_in(code: str, scope: Scope) -> Iterator[_Call]:
    for call in _CALL.finditer(code):
        name = scope.text_at(code, call.end())
        kind = call.lastgroup or ""
        if kind == "text" and not name.whole:
            yield _Call(kind, UNKNOWN)
        elif name.whole or kind != "plugin":
            yield _Call(kind, name)


def _template(call: _Call, scope: Scope) -> str:
    """Return the text of the template that is called; empty where it is not to be known."""
    if not call.name.whole or call.kind not in ("template", "text"):
        return ""
    if call.kind == "text":
        return call.name.value
    try:
        return read_text(_path(scope, call.name.value), errors="replace")
    except (OSError, ValueError):  # told when its content is taken in
        return ""


def _expressions(text: str) -> Iterator[str]:
    """Yield the expressions in a template that may read something."""
    at = 0 if _CALL.search(text) is not None else len(text)
    while (hole := _HOLE.search(text, at)) is not None:
        at = skip(text, hole.end(), "")
        yield text[hole.end() : at]


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
