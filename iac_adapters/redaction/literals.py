"""The literal values in code and in files of variables, with the names they stand under.

Nothing is evaluated, and nothing has to parse: the file that is broken is the one whose
error would quote the password in it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from iac_adapters.redaction.recognise import looks_generated

_TOKEN: Final = re.compile(
    r"(?P<comment>\#[^\n]*|//[^\n]*|/\*.*?\*/)"
    r"|<<-?(?P<word>\w+)[^\n]*\n(?P<heredoc>.*?)(?:^[ \t]*(?P=word)\b|\Z)"
    r"|\"(?P<string>(?:[^\"\\\n]|\\.)*)(?:\"|(?=\n)|\Z)"
    r"|(?<!\w)'(?P<single>(?:[^'\\\n]|\\.)*)'"
    r"|(?P<name>[A-Za-z_][\w-]*)"
    r"|(?P<bare>\d[\w.]*)"
    r"|(?P<sign>[={}\[\]:(),\n])",
    re.DOTALL | re.MULTILINE,
)
_ESCAPE: Final = re.compile(r"\\(u[0-9a-fA-F]{4}|.)")
_ESCAPES: Final = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True, repr=False)
class Literal:
    """One value: the names of blocks, labels and arguments around it, outermost first."""

    names: tuple[str, ...]
    text: str


def literals_in(text: str, *, is_json: bool) -> Iterator[Literal]:
    """Yield every literal of a file, as far as the file can be understood."""
    if is_json:
        try:
            yield from _in_json(json.loads(text), ())
        except (ValueError, RecursionError):
            is_json = False
    if not is_json:
        yield from _Walk().literals(text)


def _in_json(node: Any, names: tuple[str, ...]) -> Iterator[Literal]:
    if isinstance(node, dict):
        for key, inner in node.items():
            yield from _in_json(inner, (*names, key))
    elif isinstance(node, list):
        for inner in node:
            yield from _in_json(inner, names)
    elif node is not None:
        yield Literal(names, json.dumps(node) if isinstance(node, bool) else str(node))


@dataclass(frozen=True, slots=True)
class _Around:
    """What a bracket belongs to, and the argument that goes on when it is closed."""

    names: tuple[str, ...]
    argument: str | None


class _Walk:
    """One pass over the tokens of a file."""

    def __init__(self) -> None:
        self._around: list[_Around] = []
        self._header: list[str] = []
        self._argument: str | None = None

    def literals(self, text: str) -> Iterator[Literal]:
        for token in _TOKEN.finditer(text):
            match token.lastgroup:
                case "comment":
                    continue
                case "heredoc":
                    yield self._literal(token["heredoc"])
                case "string" | "single":
                    yield self._literal(word := _unescaped(token[token.lastgroup]))
                    self._take(word)
                case "name" | "bare":
                    # base64decode looks like a key that a machine made, and is a function.
                    if _is_value(token[0]) and text[token.end() : token.end() + 1] != "(":
                        yield self._literal(token[0])
                    self._take(token[0])
                case _:
                    self._sign(token[0])

    def _take(self, word: str) -> None:
        if self._argument is None:
            self._header.append(word)

    def _literal(self, text: str) -> Literal:
        around = tuple(name for block in self._around for name in block.names)
        own = (self._argument,) if self._argument is not None else ()
        return Literal((*around, *own), text)

    def _sign(self, sign: str) -> None:
        match sign:
            case "=" | ":":
                self._argument = self._header[-1] if self._header else self._argument
            case "{" | "[" | "(":
                own = (self._argument,) if self._argument is not None else tuple(self._header)
                self._around.append(_Around(own, self._argument))
                self._argument = None
            case "}" | "]" | ")":
                closed = self._around.pop() if self._around else None
                self._argument = closed.argument if closed is not None else None
            case "\n":
                self._argument = None
            case _:
                self._argument = None if self._around else self._argument
        self._header = []


def _is_value(word: str) -> bool:
    """Whether a word without quotes is a value; most others are references."""
    return word in ("true", "false") or word[0].isdigit() or looks_generated(word)


def _unescaped(text: str) -> str:
    def clear(found: re.Match[str]) -> str:
        escaped = found[1]
        if escaped[0] == "u" and len(escaped) > 1:
            return chr(int(escaped[1:], 16))
        return _ESCAPES.get(escaped, escaped)

    return _ESCAPE.sub(clear, text).replace("$${", "${").replace("%%{", "%{")
