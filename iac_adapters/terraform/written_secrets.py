"""The secrets that are written in a stack's files: in code, and in files of variables.

Needed where an error comes before the state could be read, and where a literal was never
applied: the state then tells of neither.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from iac_adapters.redaction.literals import Literal, literals_in
from iac_adapters.redaction.recognise import looks_generated, secret_texts
from reconciler.domain.secret_names import is_telling

_CODE: Final = ("*.tf", "*.tf.json", "*.tofu", "*.tofu.json")
_VARIABLES: Final = ("*.tfvars", "*.tfvars.json")
_LARGEST_BYTES: Final = 1 << 20
_MOST_FILES: Final = 500
_VARIABLE: Final = "TF_VAR_"
_ARGUMENTS: Final = "TF_CLI_ARGS"
_SENSITIVE: Final = re.compile(r'\bsensitive\(\s*"((?:[^"\\]|\\.)*)"\s*\)')
"""A literal that the code itself calls sensitive."""


def written_secrets(
    directory: Path,
    *,
    files: Iterable[Path],
    var_files: Iterable[Path],
    environment: Mapping[str, str],
) -> Iterator[str]:
    """Yield every secret text; `files` are code outside of `directory`, such as modules.

    What cannot be read holds nothing: whoever reads it for its content says so.
    """
    code = [literal for file in _found(directory, _CODE, files) for literal in _literals(file)]
    sensitive = {
        literal.names[1]
        for literal in code
        if literal.names[:1] == ("variable",)
        and literal.names[2:] == ("sensitive",)
        and literal.text == "true"
    }
    for entry in code:
        if _is_secret(entry, sensitive, variable=_variable(entry)):
            yield from secret_texts(entry.text)
    for file in _found(directory, _CODE, files):
        yield from (found for found in _SENSITIVE.findall(_text(file)) if found)
    for file in _found(directory, _VARIABLES, var_files):
        for literal in _literals(file):
            if _is_secret(literal, sensitive, variable=literal.names):
                yield from secret_texts(literal.text)
    for variable, value in _given(environment):
        if variable in sensitive or is_telling(variable) or looks_generated(value):
            yield from secret_texts(value)
            yield from (
                literal.text for literal in literals_in(value, is_json=False) if literal.names
            )


def _given(environment: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the variables that the environment gives, with their values."""
    for name, value in environment.items():
        if name.startswith(_VARIABLE):
            yield name.removeprefix(_VARIABLE), value
        elif name.startswith(_ARGUMENTS):
            yield from _in_arguments(value)


def _in_arguments(text: str) -> Iterator[tuple[str, str]]:
    """Yield what `-var=NAME=VALUE` and `-var NAME=VALUE` give."""
    try:
        words = shlex.split(text)
    except ValueError:  # a quote without its end, which terraform refuses as well
        words = text.translate({ord("'"): None, ord('"'): None}).split()
    for word, following in zip(words, [*words[1:], ""], strict=True):
        option, equals, given = word.lstrip("-").partition("=")
        if word.startswith("-") and option == "var":
            name, _, value = (given if equals else following).partition("=")
            yield name.strip(), value.strip()


def _variable(literal: Literal) -> tuple[str, ...]:
    """Return the variable whose default a literal of the code is, if it is one."""
    is_default = literal.names[:1] == ("variable",) and literal.names[2:3] == ("default",)
    return literal.names[1:2] if is_default else ()


def _is_secret(literal: Literal, sensitive: set[str], *, variable: tuple[str, ...]) -> bool:
    if sensitive.intersection(variable):
        return True
    return any(map(is_telling, literal.names)) or looks_generated(literal.text)


def _found(directory: Path, patterns: Iterable[str], more: Iterable[Path]) -> list[Path]:
    try:
        own = [file for pattern in patterns for file in sorted(directory.glob(pattern))]
    except OSError:
        own = []
    return list(dict.fromkeys([*own, *more]))[:_MOST_FILES]


def _literals(file: Path) -> Iterator[Literal]:
    if text := _text(file):
        yield from literals_in(text, is_json=file.suffix == ".json")


def _text(file: Path) -> str:
    try:
        if not file.is_file():
            return ""
        with file.open("rb") as stream:
            return stream.read(_LARGEST_BYTES).decode(errors="replace")
    except OSError:
        return ""
