"""Which files a root module and its child modules are made of, and what they refer to.

Source: internal/configs/parser_config_dir.go of Terraform 1.11; OpenTofu 1.8 release
notes for `*.tofu`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from reconciler.bounded_files import UnfitFileError, open_regular, read_bytes
from reconciler.domain.errors import PermanentError

TOFU: Final = "tofu"
_TERRAFORM_ENDINGS: Final = (".tf", ".tf.json")
_TOFU_ENDINGS: Final = (".tofu", ".tofu.json")
_BY_NAME: Final = ("terraform.tfvars", "terraform.tfvars.json", ".terraform.lock.hcl")
_BY_PATTERN: Final = ("*.auto.tfvars", "*.auto.tfvars.json")
_FILE_CALL: Final = re.compile(
    r"\b(?:file(?:base64|exists|md5|sha1|sha256|sha512|base64sha256|base64sha512)?|templatefile)"
    r'\s*\(\s*("(?:[^"\\\n]|\\.)*"|[^"\s][^,)\n]*)'
)
_FILE_SET: Final = re.compile(r"\bfileset\s*\(")
_BASE: Final = re.compile(r"\$\{path\.(module|root|cwd)\}/?")
_LOCALS: Final = re.compile(r"^[ \t]*locals[ \t]*\{", re.MULTILINE)
_LOCAL_TEXT: Final = re.compile(
    r'^[ \t]*([\w-]+)[ \t]*=[ \t]*"((?:[^"\\\n]|\\.)*)"[ \t]*(?:#.*)?$', re.MULTILINE
)
_ON_ONE_LINE: Final = re.compile(r"(?:\$\{[^}\n]*\}|[^}\n])*(?=\})")
_LOCAL: Final = re.compile(r"\$\{\s*local\.([\w-]+)\s*\}")
_BARE_LOCAL: Final = re.compile(r"local\.([\w-]+)\s*\Z")
_DEEPEST_LOCALS: Final = 8
_UNSEEN_LIMIT: Final = 20_000
_NOT_CONFIGURATION: Final = (".tfstate", ".tfstate.backup", ".tfstate.lock.info")


def configuration_files(directory: Path, *, tool: str) -> tuple[list[Path], list[Path]]:
    """Return a module's primary files and its override files, each in load order.

    Raises:
        PermanentError: the directory cannot be read.
    """
    try:
        names = sorted(
            p.name for p in directory.iterdir() if not _ignored(p.name) and _may_be_code(p)
        )
    except OSError as error:
        raise PermanentError(
            f"{directory}: {error.strerror}", remedy="check the directory and its permissions"
        ) from error
    endings = _TERRAFORM_ENDINGS + (_TOFU_ENDINGS if tool == TOFU else ())
    chosen = [name for name in names if name.endswith(endings)]
    if tool == TOFU:
        # main.tofu takes the place of main.tf beside it.
        shadowed = {name.replace(".tofu", ".tf") for name in chosen if ".tofu" in name}
        chosen = [name for name in chosen if name not in shadowed]
    overrides = [name for name in chosen if _is_override(name)]
    primary = [name for name in chosen if name not in set(overrides)]
    return [directory / n for n in primary], [directory / n for n in overrides]


def read_file(file: Path) -> bytes:
    """Return the content of a configuration file.

    Raises:
        PermanentError: it cannot be read; the message says why.
    """
    try:
        return read_bytes(file)
    except OSError as error:
        raise PermanentError(
            f"{file}: {error.strerror}", remedy="check the file and its permissions"
        ) from error


def variable_and_lock_files(root: Path) -> list[Path]:
    """Return the files beside the code that Terraform reads by name."""
    named = [root / name for name in _BY_NAME]
    matched = [file for pattern in _BY_PATTERN for file in root.glob(pattern)]
    return sorted(file for file in {*named, *matched} if file.exists() and not file.is_dir())


def literal_locals(texts: Iterable[str]) -> dict[str, str]:
    """Return the locals of a module that are written as text, by name.

    Those in the text of one are filled in; a name that is given twice is not known.
    """
    found: dict[str, str] = {}
    twice: set[str] = set()
    for text in texts:
        for block in _LOCALS.finditer(text):
            for name, value in _LOCAL_TEXT.findall(_body(text, block.end())):
                twice |= {name} & found.keys()
                found[name] = value
    known = {name: value for name, value in found.items() if name not in twice}
    for _ in range(_DEEPEST_LOCALS):
        known = {name: _filled_in(value, known) for name, value in known.items()}
    return known


def _body(text: str, start: int) -> str:
    if (line := _ON_ONE_LINE.match(text, start)) is not None:
        return line[0].rstrip()
    end = re.compile(r"^\}", re.MULTILINE).search(text, start)
    return text[start : end.start() if end else len(text)]


def _filled_in(text: str, known: Mapping[str, str]) -> str:
    return _LOCAL.sub(lambda match: known.get(match[1], match[0]), text)


def digest_references(
    text: str, *, module: Path, root: Path, cwd: Path, known: Mapping[str, str] | None = None
) -> bytes:
    """Return a digest of the files that `text` reads by `file()` and its kin.

    `known` are the module's locals whose text is known: a path may begin with one.

    A file whose name is written out counts by its content. Where the name is computed,
    every file it could be counts by size and time of change: one scan too many is
    recorded anew rather than one too few.

    Raises:
        PermanentError: a name that is written out is a pipe's.
    """
    digest = hashlib.sha256()
    for call in sorted({match[1] for match in _FILE_CALL.finditer(text)}):
        written = _as_text(call, known or {})
        _add_call(digest, written, {"module": module, "root": root, "cwd": cwd})
    if _FILE_SET.search(text):
        _add_folder(digest, module)
        _add_folder(digest, root)
    return digest.digest()


def _as_text(call: str, known: Mapping[str, str]) -> str:
    """Return the argument of a call with the locals of `known` in it."""
    if (local := _BARE_LOCAL.match(call)) is not None and local[1] in known:
        return f'"{known[local[1]]}"'
    return _filled_in(call, known) if call.startswith('"') else call


def _add_call(digest: hashlib._Hash, call: str, places: Mapping[str, Path]) -> None:
    base = places["root"]
    if not call.startswith('"'):
        _add_folder(digest, places["module"])
        _add_folder(digest, base)
        return
    name = call[1:-1]
    if (start := _BASE.match(name)) is not None:
        base = places[start[1]]
        name = name[start.end() :]
    if "${" not in name and "%{" not in name:
        _add_content(digest, base / Path(name).expanduser())
        return
    fixed = re.split(r"[$%]\{", name, maxsplit=1)[0]
    _add_folder(digest, base / fixed.rpartition("/")[0])


def _add_content(digest: hashlib._Hash, file: Path) -> None:
    digest.update(str(file).encode(errors="surrogateescape"))
    try:
        with open_regular(file) as stream:
            digest.update(hashlib.file_digest(stream, "sha256").digest())
    except UnfitFileError as error:
        _refuse_pipe(file, error)
        digest.update(f"unreadable {error.errno}".encode())
    except OSError as error:
        digest.update(f"unreadable {error.errno}".encode())


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
        if count >= _UNSEEN_LIMIT:
            return
        try:
            status = file.stat()
        except OSError:
            continue
        line = f"{file}\0{status.st_size}\0{status.st_mtime_ns}\n"
        digest.update(line.encode(errors="surrogateescape"))


def files_below(folder: Path) -> Iterator[Path]:
    """Yield the files below `folder`, without hidden folders, states and link loops."""
    pending = [folder]
    while pending:
        try:
            entries = sorted(pending.pop().iterdir())
        except OSError:
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.endswith(_NOT_CONFIGURATION):
                continue
            if entry.is_dir():
                if not entry.is_symlink() and entry.name != "terraform.tfstate.d":
                    pending.append(entry)
            else:
                yield entry


def combine(parts: Iterable[tuple[str, bytes]]) -> str:
    """Return one digest of named contents; each is prefixed by its length."""
    digest = hashlib.sha256()
    for name, content in parts:
        encoded = name.encode(errors="surrogateescape")
        digest.update(f"{len(encoded)}:{len(content)}:".encode())
        digest.update(encoded + content)
    return digest.hexdigest()


def _ignored(name: str) -> bool:
    return name.startswith(".") or name.endswith("~") or (name[:1] == "#" and name[-1:] == "#")


def _may_be_code(path: Path) -> bool:
    # A link that leads nowhere is kept: reading it fails by its name, as it does in a plan.
    # So is a pipe: the tool would open it, and wait.
    return not path.is_dir()


def _is_override(name: str) -> bool:
    stem = re.sub(r"\.(tf|tofu)(\.json)?\Z", "", name)
    return stem == "override" or stem.endswith("_override")
