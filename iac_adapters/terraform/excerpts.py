"""An excerpt of code as its shape: names, references and operators, and no literal value.

Terraform quotes the line an error is about. A password that is written there, in a provider
block or in a file of variables, would go into the database and to everybody who may read it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import PurePath
from typing import Final

HIDDEN: Final = "..."
_FUNCTIONS: Final = (
    "abs alltrue anytrue base64decode base64encode base64gzip base64sha256 base64sha512 basename"
    " bcrypt can ceil chomp chunklist cidrhost cidrnetmask cidrsubnet cidrsubnets coalesce"
    " coalescelist compact concat contains csvdecode dirname distinct element endswith file"
    " filebase64 filebase64sha256 fileexists filemd5 fileset filesha256 flatten floor format"
    " formatdate formatlist indent index join jsondecode jsonencode keys length log lookup lower"
    " matchkeys max md5 merge min nonsensitive one parseint pathexpand pow range regex regexall"
    " replace reverse rsadecrypt sensitive setintersection setproduct setsubtract setunion sha1"
    " sha256 sha512 signum slice sort split startswith strcontains strrev substr sum templatefile"
    " templatestring textdecodebase64 textencodebase64 timeadd timecmp timestamp title tobool"
    " tolist tomap tonumber toset tostring transpose trim trimprefix trimspace trimsuffix try"
    " upper urlencode uuid values yamldecode yamlencode zipmap"
)
_BLOCK: Final = re.compile(
    r"\s*(?:(?:resource|data|ephemeral|module|variable|output|provider|provisioner|dynamic|backend"
    r"|check|import|moved|removed|action|list)(?:[ \t]+\"[A-Za-z_][\w.-]*\"){0,2}"
    r"|[A-Za-z_]\w*)[ \t]*\{(?:[ \t]*\})?[ \t]*"
)
_ARGUMENT: Final = re.compile(r"\s*[A-Za-z_][\w-]*[ \t]*=(?!=)")
_JSON_KEY: Final = re.compile(r"\s*\{?\s*\"[a-z_][a-z0-9_]*\"\s*:")
_STEP: Final = r"(?:\.[A-Za-z_][\w-]*|\.\d+|\.\*|\[\d+\]|\[\*\])"
_KEPT: Final = re.compile(
    r"(?P<reference>\b(?:(?:var|local|data|module|each|count|path|self|terraform)"
    rf"|[a-z][a-z0-9]*_[a-z0-9_]+){_STEP}+)"
    rf"|(?P<word>\b(?:true|false|null|for|in|if|else)\b|\b(?:{_FUNCTIONS.replace(' ', '|')})(?=\())"
    r"|(?P<sign>=>|==|!=|<=|>=|&&|\|\||[={}\[\](),:?+*/%<>!-])"
    r"|(?P<space>\s+)"
)
_ODD: Final = re.compile(r"[^\s,)\]}\"]+")


@dataclass(frozen=True, slots=True)
class Excerpt:
    """Lines of code without values, and what of them is pointed at."""

    code: str
    caret: tuple[int, int] | None


def excerpt_of(code: str, caret: tuple[int, int] | None, *, file: str) -> Excerpt | None:
    """Return the shape of `code`; None for a file outside the directory of the stack.

    `caret` counts characters in `code`, and in the shape on return.
    """
    path = PurePath(file)
    if path.is_absolute() or ".." in path.parts:
        return None
    shape = _Shape(is_json=path.suffix == ".json")
    for line in code.splitlines(keepends=True):
        shape.add_line(line)
    return Excerpt(shape.text, shape.moved(caret))


class _Shape:
    """What is shown so far, and where each part of it stood."""

    def __init__(self, *, is_json: bool) -> None:
        self._is_json = is_json
        self._shown: list[str] = []
        self._places: list[tuple[int, int, int]] = []
        self._read = self._written = 0
        self._in_heredoc = False

    @property
    def text(self) -> str:
        return "".join(self._shown)

    def add_line(self, line: str) -> None:
        body = line.rstrip("\r\n")
        if self._in_heredoc or body.lstrip().startswith(("#", "//", "/*", "*")):
            self._hide(body)
        else:
            self._add_code(body)
        self._put(line[len(body) :], "\n" if len(line) > len(body) else "")

    def moved(self, caret: tuple[int, int] | None) -> tuple[int, int] | None:
        if caret is None:
            return None
        start = next((w for r, w, _ in reversed(self._places) if r <= caret[0]), 0)
        end = next((w + n for r, w, n in reversed(self._places) if r < caret[1]), start + 1)
        return start, max(start + 1, end)

    def _add_code(self, body: str) -> None:
        if not self._is_json and _BLOCK.fullmatch(body):
            self._put(body, body)
            return
        head = (_JSON_KEY if self._is_json else _ARGUMENT).match(body)
        if head is not None:
            self._put(head[0], head[0])
        rest = body[head.end() if head else 0 :]
        for piece, is_kept in _pieces(rest):
            if is_kept:
                self._put(piece, piece)
            else:
                self._hide(piece)
        self._in_heredoc = "<<" in rest

    def _hide(self, piece: str) -> None:
        bare = piece.lstrip()
        blank = piece[: len(piece) - len(bare)]
        self._put(blank, blank)
        repeats = bool(self._shown) and HIDDEN in "".join(self._shown[-2:]).rstrip(" ")[-3:]
        self._put(bare, "" if repeats or not bare else HIDDEN)

    def _put(self, read: str, shown: str) -> None:
        if read or shown:
            self._places.append((self._read, self._written, len(shown)))
            self._shown.append(shown)
        self._read += len(read)
        self._written += len(shown)


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield an expression in parts, and whether each may be shown."""
    at = 0
    while at < len(text):
        if text.startswith("<<", at):
            yield "<<", True
            yield text[at + 2 :], False
            return
        if text[at] == '"':
            end = _end_of_string(text, at)
            yield from _string(text[at:end])
            at = end
            continue
        found = _KEPT.match(text, at) or _ODD.match(text, at)
        piece = found[0] if found is not None else text[at]
        yield piece, found is not None and found.re is _KEPT
        at += len(piece)


def _end_of_string(text: str, start: int) -> int:
    """Return where the string ends that begins at `start`; one without an end takes all."""
    at, depth = start + 1, 0
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text.startswith(("${", "%{"), at) and text[at - 1] not in "$%":
            depth += 1
        elif text[at] == "}" and depth:
            depth -= 1
        elif text[at] == '"' and not depth:
            return at + 1
        at += 1
    return len(text)


def _string(quoted: str) -> Iterator[tuple[str, bool]]:
    """Yield a string in parts: of templates in it the references may be shown."""
    if len(quoted) == 1 or not quoted.endswith('"'):
        yield quoted, False
        return
    yield '"', True
    for part in re.split(r"(\$\{[^{}\"]*\})", quoted[1:-1]):
        if part.startswith("${") and part.endswith("}"):
            yield "${", True
            yield from _pieces(part[2:-1])
            yield "}", True
        elif part:
            yield part, False
    yield '"', True
