"""What Terraform says on its `-json` streams, as values and as text for people.

Source: Terraform's machine-readable UI, version 1.2.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from iac_adapters.redaction.patterns import without_secrets
from iac_adapters.terraform.excerpts import HIDDEN, Excerpt, excerpt_of

ERROR: Final = "error"
_SHOWN_COLUMNS: Final = 120
_ANSI: Final = re.compile(r"\x1b\[[0-9;]*[A-Za-z]")
# A provisioner's command is quoted whole, a password among its arguments too, and even where
# its code says `sensitive`: internal/builtin/provisioners/local-exec, resource_provisioner.go.
_COMMAND: Final = re.compile(r"(?<=Error running command ')(.*)(?=': )", re.DOTALL)
# An error of a function quotes what it was given, which may be a literal that nothing calls
# secret: the excerpt above it hides the same. What names a file is needed to mend the error.
_OF_FUNCTIONS: Final = frozenset({"Invalid function argument", "Error in function call"})
_GIVEN: Final = re.compile(
    r"(?<!\w)\"(?!(?:true|false)\")(?:[^\"\\]|\\.)*\"|(?<=invalid CIDR address: ).*(?=\.$)"
    r"|(?<=invalid regexp pattern: )(.*) in .*(?=\.$)",
    re.MULTILINE,
)
_ABOUT_FILES: Final = re.compile(r"^(file|template|pathexpand|abspath|dirname|basename)")
_HEAD: Final = re.compile(
    r"^(Invalid value for \"\w+\" parameter|Call to function \"(?P<name>[\w:]+)\" failed): "
)
_FRAME: Final = re.compile(r"^[│╷╵]\s?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error or warning. Lines and columns count from 1; offsets from 0 in `snippet`.

    `snippet` is the shape of the code, without its literal values.
    """

    severity: str
    summary: str
    detail: str = ""
    file: str | None = None
    line: int | None = None
    column: int | None = None
    snippet: str | None = None
    snippet_line: int | None = None
    caret: tuple[int, int] | None = None
    address: str | None = None


def parse_events(stdout: bytes) -> tuple[tuple[Diagnostic, ...], tuple[dict[str, Any], ...]]:
    """Return the diagnostics and every event of a `-json` run; other lines are skipped."""
    events = tuple(_events(stdout))
    diagnostics = tuple(
        _diagnostic(event["diagnostic"])
        for event in events
        if isinstance(event.get("diagnostic"), dict)
    )
    return diagnostics, events


def errors_in(stdout: bytes) -> list[Diagnostic]:
    """Return the diagnostics of a `-json` run that are errors."""
    diagnostics, _ = parse_events(stdout)
    return [diagnostic for diagnostic in diagnostics if diagnostic.severity == ERROR]


def render_diagnostics(diagnostics: Sequence[Diagnostic]) -> str:
    """Return the errors as text, or where there is none the warnings; empty for nothing."""
    errors = [d for d in diagnostics if d.severity == ERROR]
    return "\n\n".join(render_diagnostic(d) for d in errors or diagnostics)


def failed_plan(stdout: bytes, exit_code: int) -> str:
    """Return why a `-json` plan failed: its errors, or with what it ended."""
    return render_diagnostics(errors_in(stdout)) or f"the plan ended with exit code {exit_code}"


def render_diagnostic(diagnostic: Diagnostic) -> str:
    """Return one diagnostic with its place, source line and caret."""
    lines = [_headline(diagnostic), *_excerpt(diagnostic)]
    if diagnostic.detail:
        lines.extend(f"  {line}".rstrip() for line in diagnostic.detail.strip().splitlines())
    return without_secrets("\n".join(lines).expandtabs(2))


def plain_text(stderr: str) -> str:
    """Return what a command wrote for a terminal without colours, frames and secrets."""
    text = _FRAME.sub("", _ANSI.sub("", stderr))
    lines = [line.rstrip() for line in text.splitlines()]
    return without_secrets("\n".join(line for line in lines if line).strip())


def _events(stdout: bytes) -> Iterable[dict[str, Any]]:
    for line in stdout.splitlines():
        if not line.startswith(b"{"):
            continue
        try:
            event = orjson.loads(line)
        except orjson.JSONDecodeError:
            continue
        if isinstance(event, dict):
            yield event


def _diagnostic(entry: Mapping[str, Any]) -> Diagnostic:
    place = entry.get("range") or {}
    start = place.get("start") or {}
    snippet = entry.get("snippet") or {}
    file = place.get("filename")
    excerpt = _excerpt_of(snippet, file)
    return Diagnostic(
        severity=str(entry.get("severity") or ERROR),
        summary=str(entry.get("summary") or ""),
        detail=_detail(entry, snippet),
        file=file,
        line=start.get("line"),
        column=start.get("column"),
        snippet=excerpt.code if excerpt is not None else None,
        snippet_line=snippet.get("start_line"),
        caret=excerpt.caret if excerpt is not None else None,
        address=entry.get("address"),
    )


def _detail(entry: Mapping[str, Any], snippet: Mapping[str, Any]) -> str:
    detail = _COMMAND.sub(HIDDEN, str(entry.get("detail") or ""))
    head = _HEAD.match(detail)
    if head is None or entry.get("summary") not in _OF_FUNCTIONS:
        return detail
    called = snippet.get("function_call") or {}
    if _ABOUT_FILES.match(str(called.get("called_as") or head["name"] or "")):
        return detail
    return head[0] + _GIVEN.sub(_not_given, detail[head.end() :])


def _not_given(found: re.Match[str]) -> str:
    return f"{found[1]} in {HIDDEN}" if found[1] else HIDDEN


def _excerpt_of(snippet: Mapping[str, Any], file: object) -> Excerpt | None:
    code = snippet.get("code")
    if not isinstance(code, str):
        return None
    return excerpt_of(code, _caret(snippet), file=str(file or ""))


def _caret(snippet: Mapping[str, Any]) -> tuple[int, int] | None:
    """Return the highlight in characters: Terraform counts it in bytes."""
    start, end = snippet.get("highlight_start_offset"), snippet.get("highlight_end_offset")
    if not isinstance(start, int) or not isinstance(end, int):
        return None
    code = str(snippet.get("code") or "").encode()
    first = len(code[: max(start, 0)].decode(errors="replace"))
    return first, max(first + 1, len(code[: max(end, 0)].decode(errors="replace")))


def _headline(diagnostic: Diagnostic) -> str:
    place = ""
    if diagnostic.file:
        numbers = (diagnostic.line, diagnostic.column)
        place = ":".join([diagnostic.file, *(str(n) for n in numbers if n is not None)]) + ": "
    concerning = f" ({diagnostic.address})" if diagnostic.address else ""
    word = "" if diagnostic.severity == ERROR else f"{diagnostic.severity}: "
    return f"{place}{word}{diagnostic.summary.strip()}{concerning}"


def _excerpt(diagnostic: Diagnostic) -> list[str]:
    if not diagnostic.snippet:
        return []
    start, end = diagnostic.caret or (0, 0)
    number, offset = diagnostic.snippet_line or diagnostic.line or 1, 0
    width = len(str(number + diagnostic.snippet.count("\n")))
    lines: list[str] = []
    for line in diagnostic.snippet.split("\n"):
        first, last = max(start - offset, 0), min(end - offset, len(line))
        hidden = max(0, first - _SHOWN_COLUMNS // 2) if len(line) > _SHOWN_COLUMNS else 0
        shown = line[hidden : hidden + _SHOWN_COLUMNS]
        first, last = first - hidden, min(last - hidden, len(shown))
        lines.append(f"  {number:>{width}} | {shown}".replace("\t", " ").rstrip())
        if first < last:
            lines.append(f"  {'':>{width}} | {' ' * first}{'^' * (last - first)}")
        offset += len(line) + 1
        number += 1
    return lines
