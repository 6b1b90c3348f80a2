"""Texts that a module's code gives a name to, as far as they follow from what is written.

Serves one question: which file does `file(...)` open? Whatever else decides a text, such as a
resource, an instance's key or a condition, leaves it unknown.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Final, TypeAlias

from iac_adapters.terraform.hcl_text import Statement, blank, skip, statements
from iac_adapters.terraform.traversals import unquote

_NAME: Final = re.compile(r"(?P<name>[^\W\d][\w-]*(?:\.[^\W\d][\w-]*)*)\s*(?P<call>\()?")
_NUMBER: Final = re.compile(r"\d+(?![\w.])")
_LITERAL: Final = re.compile(r'(?:[^"\\$%]|\\.|\$\$\{|%%\{|[$%](?!\{))+', re.DOTALL)
_ENDS: Final = frozenset(",)]}\n#/")
_DEEPEST: Final = 24


@dataclass(frozen=True, slots=True)
class Text:
    """A text, or how one begins whose rest is not known."""

    value: str = ""
    whole: bool = False


UNKNOWN: Final = Text()
_Value: TypeAlias = "Text | list[_Value]"


@dataclass(slots=True)
class _Depth:
    now: int = 0


@dataclass(frozen=True)
class Scope:
    """One module as it is called: its code, where it lies, and what it was given.

    `given` are the root module's variables by name, None for one that is given no text.
    """

    texts: Sequence[str]
    folder: Path
    root: Path
    called_from: Path
    workspace: str
    given: Callable[[], Mapping[str, str | None]] = field(default=dict)
    caller: Scope | None = None
    name: str = ""
    """How the caller names it."""
    _depth: _Depth = field(default_factory=_Depth)

    def text_at(self, text: str, at: int) -> Text:
        """Return the text that the expression at `at` of `text` stands for."""
        value, _ = self._expression(text, at)
        return value if isinstance(value, Text) else UNKNOWN

    def _expression(self, text: str, at: int) -> tuple[_Value, int]:
        at = blank(text, at)
        if self._depth.now >= _DEEPEST:
            return UNKNOWN, skip(text, at, ",\n")
        self._depth.now += 1
        value, end = self._operand(text, at)
        self._depth.now -= 1
        while text[end : end + 1] in (" ", "\t", "\r"):
            end += 1
        if end < len(text) and text[end] not in _ENDS:
            return UNKNOWN, skip(text, end, ",\n")
        return value, end

    def _operand(self, text: str, at: int) -> tuple[_Value, int]:
        if text[at : at + 1] == '"':
            return self._template(text, at + 1)
        if text[at : at + 1] in ("[", "("):
            values, end = self._list(text, at + 1)
            return (values if text[at] == "[" else _only(values)), end
        if (number := _NUMBER.match(text, at)) is not None:
            return Text(number[0], whole=True), number.end()
        if (name := _NAME.match(text, at)) is None:
            return UNKNOWN, at
        if name["call"]:
            values, end = self._list(text, name.end())
            return self._called(name["name"], values), end
        return self._named(name["name"]), name.end("name")

    def _list(self, text: str, at: int) -> tuple[list[_Value], int]:
        values: list[_Value] = []
        at = blank(text, at)
        while at < len(text) and text[at] not in ")]}":
            value, end = self._expression(text, at)
            at = blank(text, end)
            if text[at : at + 1] not in (",", ")", "]"):
                # An operator on the next line, or what is no expression.
                value, at = UNKNOWN, skip(text, at, ",")
            values.append(value)
            at = blank(text, at + 1) if text[at : at + 1] == "," else at
        return values, at + 1

    def _template(self, text: str, at: int) -> tuple[Text, int]:
        """Return a quoted text whose content begins at `at`, up to what is not known in it."""
        parts: list[str] = []
        whole = True
        while at < len(text) and text[at] != '"':
            if (literal := _LITERAL.match(text, at)) is not None:
                part, at = Text(unquote(f'"{literal[0]}"'), whole=True), literal.end()
            elif text[at : at + 2] in ("${", "%{"):
                hole = text[at : at + 2] == "${" and text[at + 2 : at + 3] != "~"
                part = self.text_at(text, at + 2) if hole else UNKNOWN
                at = skip(text, at + 2, "") + 1
            else:
                part, at = UNKNOWN, at + 1
            if whole:
                parts.append(part.value)
            whole = whole and part.whole
        return Text("".join(parts), whole and at < len(text)), at + 1

    def _called(self, name: str, values: Sequence[_Value]) -> Text:
        if name == "abspath" and (path := _only(values)).whole:
            return Text(os.path.normpath(self.root.absolute() / path.value), whole=True)
        function = _FUNCTIONS.get(name)
        arguments = [_known(value) for value in values]
        if function is None or any(argument is None for argument in arguments):
            return UNKNOWN
        try:
            found = function(*arguments)
        except (TypeError, ValueError, AttributeError):
            return UNKNOWN
        return UNKNOWN if found is None else Text(found, whole=True)

    def _named(self, name: str) -> Text:
        match name.split("."):
            case ["path", "module"]:
                return Text(os.path.relpath(self.folder, self.root), whole=True)
            case ["path", "root"]:
                return Text(".", whole=True)
            case ["path", "cwd"]:
                return Text(str(self.called_from.absolute()), whole=True)
            case ["terraform", "workspace"]:
                return Text(self.workspace, whole=True) if self.workspace else UNKNOWN
            case ["local", local]:
                places = self._locals.get(local, ())
                return self.text_at(*places[0]) if len(places) == 1 else UNKNOWN
            case ["var", variable]:
                return self._variable(variable)
            case _:
                return UNKNOWN

    def _variable(self, name: str) -> Text:
        if self.caller is None:
            if name in self._given:
                value = self._given[name]
                return UNKNOWN if value is None else Text(value, whole=True)
        elif (argument := self.caller.argument(self.name, name)) is not None:
            return self.caller.text_at(*argument)
        return self.text_at(*self._defaults[name]) if name in self._defaults else UNKNOWN

    def argument(self, module: str, name: str) -> tuple[str, int] | None:
        """Return where the call of `module` says `name`."""
        return self._arguments.get((module, name))

    @cached_property
    def _given(self) -> Mapping[str, str | None]:
        return self.given()

    @cached_property
    def _locals(self) -> dict[str, list[tuple[str, int]]]:
        found: dict[str, list[tuple[str, int]]] = {}
        for _, name, place in self._inside("locals"):
            found.setdefault(name, []).append(place)
        return found

    @cached_property
    def _defaults(self) -> dict[str, tuple[str, int]]:
        inside = self._inside("variable")
        return {labels[0]: place for labels, name, place in inside if labels and name == "default"}

    @cached_property
    def _arguments(self) -> dict[tuple[str, str], tuple[str, int]]:
        inside = self._inside("module")
        return {(labels[0], name): place for labels, name, place in inside if labels}

    def _inside(self, kind: str) -> Iterator[tuple[tuple[str, ...], str, tuple[str, int]]]:
        """Yield the arguments of every block of `kind`: its labels, their name and place."""
        for text, block in self._blocks:
            if block.name == kind:
                for inner in statements(text, block.start, block.end):
                    if not inner.is_block:
                        yield block.labels, inner.name, (text, inner.start)

    @cached_property
    def _blocks(self) -> list[tuple[str, Statement]]:
        found = ((text, block) for text in self.texts for block in statements(text))
        return [(text, block) for text, block in found if block.is_block]


def _only(values: Sequence[_Value]) -> Text:
    (value,) = values if len(values) == 1 else (UNKNOWN,)
    return value if isinstance(value, Text) else UNKNOWN


def _known(value: _Value) -> str | list[str] | None:
    if isinstance(value, Text):
        return value.value if value.whole else None
    texts = [_known(element) for element in value]
    return [text for text in texts if isinstance(text, str)] if None not in texts else None


def _format(text: str, *values: str) -> str | None:
    rest = list(values)
    shown = re.sub(r"%[sv]", lambda _: rest.pop(0) if rest else "%", text)
    return None if "%" in shown or rest else shown


def _first(*values: str) -> str | None:
    return next((value for value in values if value), None)


_FUNCTIONS: Final[Mapping[str, Callable[..., str | None]]] = {
    "basename": lambda path: Path(path).name or ".",
    "chomp": lambda text: text.rstrip("\r\n"),
    "coalesce": _first,
    "dirname": lambda path: os.path.normpath(
        path.rpartition("/")[0] or ("/" * path.startswith("/"))
    ),
    "format": _format,
    "join": lambda separator, texts: separator.join(texts),
    "lower": str.lower,
    "nonsensitive": str,
    "pathexpand": os.path.expanduser,
    "replace": lambda text, old, new: None if old[:1] == "/" else text.replace(old, new),
    "sensitive": str,
    "tostring": str,
    "trimprefix": str.removeprefix,
    "trimspace": str.strip,
    "trimsuffix": str.removesuffix,
    "try": lambda first, *_: first,
    "upper": str.upper,
}
