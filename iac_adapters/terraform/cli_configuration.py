"""The CLI configuration of Terraform and OpenTofu: which files it is made of, and what they hold.

It is HCL of version 1, which the parser of version 2 refuses: keys of a block may be texts there.
A file that begins with a brace is JSON, whatever its name.
Source: internal/command/cliconfig of Terraform 1.11 and OpenTofu 1.11; hcl/parser and
json/parser/flatten.go of github.com/hashicorp/hcl 1.0.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

_TOFU: Final = "tofu"
_OVERRIDING: Final = ("TF_CLI_CONFIG_FILE", "TERRAFORM_CONFIG")
_IN_FOLDER: Final = (".tfrc", ".tfrc.json")
_PIECE: Final = re.compile(
    r"""(?P<blank>\s+|(?:\#|//)[^\n]*|/\*.*?\*/)
      | <<-?(?P<word>\w+)\n(?P<heredoc>.*?)^[^\S\n]*(?P=word)\r*$
      | "(?P<text>(?:\$\{[^}]*\}|\\.|[^"\\\n])*)"
      | (?P<name>[^\W\d][\w.\-]*)
      | (?P<number>-?\d[\w.+\-]*)
      | (?P<mark>[{}\[\],=])""",
    re.VERBOSE | re.DOTALL | re.MULTILINE,
)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_END: Final = ""
_ESCAPED: Final = {"n": "\n", "t": "\t", "r": "\r"}


@dataclass(frozen=True, slots=True)
class Item:
    """One entry of a body: its keys, and a text, a list, or the body of a block or object."""

    keys: tuple[str, ...]
    value: Value
    is_block: bool = True


Body: TypeAlias = "tuple[Item, ...]"
Value: TypeAlias = "str | list[Any] | Body | None"


@dataclass(frozen=True, slots=True)
class CliConfigurationFiles:
    """Which files the tool reads, the one that counts first in front; `named` by a variable."""

    files: tuple[Path, ...]
    named: bool = False


def cli_configuration_files(
    environment: Mapping[str, str], *, tool: str, called_from: Path
) -> CliConfigurationFiles:
    """Return the files that the tool would read; one that is not there counts if it is named.

    Raises:
        OSError: the folder of configuration files cannot be listed.
    """
    for variable in _OVERRIDING:
        if environment.get(variable):
            return CliConfigurationFiles((called_from / environment[variable],), named=True)
    home = Path(environment.get("HOME") or "/")
    opentofu = None
    if tool == _TOFU and environment.get("XDG_CONFIG_HOME"):
        opentofu = Path(environment["XDG_CONFIG_HOME"]) / "opentofu"
    own = [home / ".tofurc"] if tool == _TOFU else []
    candidates = [*own, home / ".terraformrc", *([opentofu / "tofurc"] if opentofu else [])]
    main = [next((file for file in candidates if file.exists()), candidates[0])]
    folder = home / ".terraform.d"
    if opentofu is not None and not folder.exists():
        folder = opentofu
    return CliConfigurationFiles((*filter(Path.exists, main), *_in_folder(folder)))


def _in_folder(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(file for file in folder.iterdir() if file.name.endswith(_IN_FOLDER))


def parse_configuration(text: str) -> Body:
    """Return what a file holds.

    Raises:
        ValueError: it is neither HCL nor JSON; the message names the line.
    """
    text = text.replace("\r\n", "\n")  # as the tool's parser does before anything else
    try:
        return _in_json(text) if text.lstrip().startswith("{") else _Parser(text).body(ends=_END)
    except RecursionError as error:
        raise ValueError("its blocks or lists are nested too deep") from error


def _in_json(text: str) -> Body:
    try:
        document = json.loads(text, object_pairs_hook=_Pairs)
    except json.JSONDecodeError as error:
        raise ValueError(f"line {error.lineno}: {error.msg}") from error
    return _flat(_json_items(document))


class _Pairs(list[tuple[str, Any]]):
    """A JSON object, whose keys may come twice."""


def _json_items(pairs: Sequence[tuple[str, Any]]) -> list[Item]:
    return [Item((key,), _json_value(value)) for key, value in pairs]


def _json_value(value: Any) -> Value:
    if isinstance(value, _Pairs):
        return tuple(_json_items(value))
    if isinstance(value, list):
        return [_json_value(element) for element in value]
    return value if isinstance(value, str) else None


def _flat(items: Sequence[Item]) -> Body:
    """Return the entries as the tool sees them: a list of objects repeats its key.

    And an object of nothing but objects gives way to these, with its key before theirs.
    """
    waiting, flat = list(reversed(items)), []
    while waiting:
        item = waiting.pop()
        inner = item.value
        if isinstance(inner, list) and inner and all(isinstance(one, tuple) for one in inner):
            waiting += [Item(item.keys, one) for one in reversed(inner)]
        elif isinstance(inner, tuple) and inner and all(_is_body(one) for one in inner):
            waiting += [Item((*item.keys, *one.keys), one.value) for one in reversed(inner)]
        else:
            flat.append(item)
    return tuple(
        Item(item.keys, _flat(item.value) if isinstance(item.value, tuple) else item.value)
        for item in flat
    )


def _is_body(item: Item) -> bool:
    return isinstance(item.value, tuple)


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._pieces = list(self._scanned())
        self._at = 0

    def body(self, *, ends: str) -> Body:
        """Return the entries up to the mark `ends`."""
        items = []
        while self._mark() != ends:
            items.append(self._item())
            if self._mark() == ",":
                self._at += 1
        self._at += 1
        return tuple(items)

    def _item(self) -> Item:
        keys = []
        while self._mark() is None:
            keys.append(self._word())
        mark = self._mark()
        if mark not in ("{", "=") or not keys:
            raise self._unexpected()
        if mark == "=":
            self._at += 1
        return Item(tuple(keys), self._value(), is_block=mark == "{")

    def _value(self) -> Value:
        mark = self._mark()
        if mark is None:
            return self._word()
        if mark not in ("{", "["):
            raise self._unexpected()
        self._at += 1
        return self.body(ends="}") if mark == "{" else self._list()

    def _list(self) -> list[Any]:
        elements = []
        while self._mark() != "]":
            if self._mark() == ",":
                self._at += 1
            else:
                elements.append(self._value())
        self._at += 1
        return elements

    def _mark(self) -> str | None:
        """Return the mark that comes next, `_END` after the last; None where it is no mark."""
        return self._pieces[self._at]["mark"] if self._at < len(self._pieces) else _END

    def _word(self) -> str:
        piece = self._pieces[self._at]
        self._at += 1
        if piece["text"] is not None:
            return _ESCAPE.sub(lambda found: _ESCAPED.get(found[1], found[1]), piece["text"])
        return next(
            piece[name] for name in ("heredoc", "name", "number") if piece[name] is not None
        )

    def _scanned(self) -> Iterator[re.Match[str]]:
        at = 0
        while at < len(self._text):
            piece = _PIECE.match(self._text, at)
            if piece is None:
                raise ValueError(f"line {self._line(at)}: what stands there is not understood")
            if piece["blank"] is None:
                yield piece
            at = piece.end()

    def _unexpected(self) -> ValueError:
        if self._at >= len(self._pieces):
            return ValueError("it ends too early: a brace, a bracket or a value is missing")
        piece = self._pieces[self._at]
        return ValueError(f"line {self._line(piece.start())}: {piece[0][:20]!r} is not expected")

    def _line(self, at: int) -> int:
        return self._text.count("\n", 0, at) + 1
