"""What the pages of docs/ say in code: fenced blocks, commands, settings.

A comment on the line before a block has it run: `<!-- run -->` where it must end with 0, and
`<!-- run: 2 -->` where with 2.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = ROOT / "docs"
_FENCE: Final = re.compile(r"\s*```(\w*)\s*$")
_RUN: Final = re.compile(r"<!-- run(?:: (\d+))? -->\s*$")
_SPAN: Final = re.compile(r"`([^`]+)`")
_COMMANDS_OF: Final = frozenset({"sh", "yaml", "ini"})
_STARTS: Final = re.compile(r"(?:^|[\s=;&|(]|/bin/)trueup (?=\S)")
_ENDS: Final = re.compile(r"\s\d?>|\s&|[;|)#]|\n|$")
_QUOTED: Final = re.compile(r"'[^']*'|\"[^\"]*\"")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block; `code` is the exit code it must end with, None when it is only read."""

    page: Path
    line: int
    language: str
    text: str
    code: int | None

    @property
    def where(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


@dataclass(frozen=True, slots=True)
class Command:
    """A command line of ours. One that is only `mentioned` may leave arguments out."""

    where: str
    words: tuple[str, ...]
    mentioned: bool


def pages() -> list[Path]:
    """Return the README and every page."""
    return [ROOT / "README.md", *sorted(DOCS.rglob("*.md"))]


def blocks(page: Path) -> Iterator[Block]:
    """Yield the fenced blocks of `page` in their order."""
    inside: list[str] | None = None
    language, started, code, before = "", 0, None, ""
    for number, line in enumerate(page.read_text().splitlines(), start=1):
        fence = _FENCE.match(line)
        if fence and inside is None:
            inside, language, started, code = [], fence.group(1), number + 1, _wanted(before)
        elif fence and inside is not None:
            yield Block(page, started, language, "\n".join(inside) + "\n", code)
            inside = None
        elif inside is not None:
            inside.append(line)
        before = line


def prose(page: Path) -> str:
    """Return what stands outside of fenced blocks."""
    inside = False
    kept = []
    for line in page.read_text().splitlines():
        if _FENCE.match(line):
            inside = not inside
        elif not inside:
            kept.append(line)
    return "\n".join(kept)


def commands(page: Path) -> Iterator[Command]:
    """Yield every command line of ours that `page` shows or mentions."""
    for block in blocks(page):
        if block.language in _COMMANDS_OF:
            for text in _in_shell(block.text):
                yield Command(block.where, tuple(shlex.split(text)), mentioned=False)
        else:
            shown = re.findall(r"^\$ (trueup .+)$", block.text, re.MULTILINE)
            for text in (*shown, *_SPAN.findall(block.text)):
                yield from _mentioned(block.where, text)
    name = str(page.relative_to(ROOT))
    for text in _SPAN.findall(prose(page)):
        yield from _mentioned(name, text)


def listed_commands(page: Path) -> Iterator[Command]:
    """Yield the commands in the first column of the tables of `page`, which leave `trueup` out."""
    for line in prose(page).splitlines():
        first = re.split(r"(?<!\\)\|", line)[1:2]
        for text in _SPAN.findall(first[0]) if first else ():
            yield from _mentioned(str(page.relative_to(ROOT)), f"trueup {text}")


def _wanted(before: str) -> int | None:
    asked = _RUN.match(before)
    return int(asked.group(1) or 0) if asked else None


def _in_shell(text: str) -> Iterator[str]:
    for line in text.splitlines():
        for start in _STARTS.finditer(line.split(" # ")[0]):
            rest = line[start.end() :]
            # What stands in quotes ends no command.
            redacted = _QUOTED.sub(lambda quoted: "x" * len(quoted.group()), rest)
            end = _ENDS.search(redacted)
            yield rest[: end.start() if end else None]


def _mentioned(where: str, text: str) -> Iterator[Command]:
    """Yield what `text` mentions; `list|show` are two, and brackets say what may be left out."""
    text = re.sub(r"\s+", " ", text.replace("\\|", "|"))
    text = re.sub(r"^(?:sudo -u \S+ (?:env )?)?(?:[A-Z_]+=\S* )*(?:\S*/bin/)?(?=trueup )", "", text)
    if not text.startswith("trueup ") or re.match(r"trueup [A-Z]|trueup \.", text):
        return
    words = shlex.split(re.sub(r"[\[\]]|\.\.\.", " ", text))[1:]
    alternatives = [word.split("|") if _are_names(word) else [word] for word in words]
    most = max((len(alternative) for alternative in alternatives), default=1)
    for index in range(most):
        chosen = tuple(
            alternative[min(index, len(alternative) - 1)] for alternative in alternatives
        )
        yield Command(where, chosen, mentioned=True)


def _are_names(word: str) -> bool:
    return re.fullmatch(r"[a-z-]+(\|[a-z-]+)+", word) is not None
