"""What is wrong with a settings file, said with its line and the nearest valid key."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args, get_type_hints

from reconciler.domain.errors import PermanentError
from reconciler.field_rules import Section
from reconciler.settings_values import Deferred
from reconciler.stack_options import FOREIGN_KEY, UNKNOWN_KEY
from reconciler.toml_positions import KeyPath, line_of

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_MOST_SHOWN: Final = 10
_ADDRESS: Final = re.compile(r"\b([a-z][a-z0-9+.-]*://)[^\s'\"]+", re.IGNORECASE)
"""An address in a wrong place: its path may be the password of a channel."""
_SHAPES: Final = {
    "dataclass_type": "a section is expected here, written [{section}]",
    "string_type": "a text in quotes is expected",
    "string_sub_type": "a text in quotes is expected",
    "string_too_short": "at least {min_length} character is expected",
    "string_too_long": "at most {max_length} characters are allowed",
    "list_type": 'a list is expected here, such as ["a", "b"]',
    "dict_type": "a table is expected here, such as {{a = 1}}",
    "too_short": "at least {min_length} entry is expected",
    "too_long": "at most {max_length} entries are allowed",
    "bool_type": "`true` or `false` is expected, without quotes",
    "bool_parsing": "`true` or `false` is expected, without quotes",
    "int_type": "a whole number is expected",
    "int_parsing": "a whole number is expected",
    "int_from_float": "a whole number is expected",
    "greater_than_equal": "at least {ge} is expected",
    "less_than_equal": "at most {le} is expected",
    "path_type": "a path in quotes is expected",
    "datetime_type": "a date is expected, such as 2027-03-31",
    "datetime_parsing": "a date is expected, such as 2027-03-31",
    "datetime_from_date_parsing": "a date is expected, such as 2027-03-31",
}
"""What to say instead of pydantic's words, which name Python types."""
_SECTIONS: Final = ("stack", "policy", "guardrail", "ignore", "script", "severity", "channel")
_PATTERNS: Final = {
    "sha256": "the SHA-256 of the file is expected as `sha256sum FILE` prints it",
    "environment": "the name of a variable is expected, such as AWS_REGION",
    "pass_environment": "the name of a variable is expected, such as AWS_PROFILE, or the"
    " beginning of names, such as CORP_*",
}
_WORD: Final = re.compile(r"[A-Za-z][A-Za-z_-]{0,23}")
_NAME: Final = "a name begins with no space, and holds no / and no line break"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where each key was written: in `file` on a line, or in the variable of `overrides`."""

    file: Path | None
    lines: Mapping[KeyPath, int]
    overrides: Mapping[KeyPath, str] = field(default_factory=dict)

    def line(self, path: KeyPath) -> int:
        """Return the line of `path`; 0 when it stands in no file."""
        return 0 if path in self.overrides else line_of(self.lines, path) or 0

    def place(self, path: KeyPath) -> str:
        """Return what to put before the colon."""
        if path in self.overrides:
            return f"environment variable {self.overrides[path]}"
        line = self.line(path)
        return f"{self.file}:{line}" if line else str(self.file or "settings")


def describe_problems(error: ValidationError, *, model: type, where: Whereabouts) -> PermanentError:
    """Return one error that lists each problem as `FILE:LINE: KEY: what is wrong`."""
    details = sorted(_causes(error), key=lambda error: where.line(_as_written(error["loc"])))
    problems = [_problem(detail, model=model, where=where) for detail in details]
    shown = [f"{place}: {sentence}" for place, sentence, _ in problems[:_MOST_SHOWN]]
    if len(problems) > _MOST_SHOWN:
        shown.append(f"... and {len(problems) - _MOST_SHOWN} more")
    remedies = [remedy for _, _, remedy in problems if remedy]
    return PermanentError("\n".join(shown), remedy=remedies[0] if remedies else None)


def _causes(error: ValidationError) -> list[ErrorDetails]:
    """Return the problems without what follows from others: a list left short by a bad entry."""
    details = error.errors()
    return [
        detail
        for detail in details
        if detail["type"] != "too_short"
        or not any(_lies_in(other["loc"], detail["loc"]) for other in details)
    ]


def _lies_in(path: tuple[int | str, ...], whole: tuple[int | str, ...]) -> bool:
    return len(path) > len(whole) and path[: len(whole)] == whole


def describe_twins(
    section: str, name: str, *, indexes: tuple[int, int], where: Whereabouts
) -> PermanentError:
    """Return the error for two entries of `section` that share `name`."""
    first, second = ((section, index, "name") for index in indexes)
    return PermanentError(
        f"{where.place(second)}: two {_plural(section)} are named {name!r}; the other is on "
        f"line {where.line(first)}",
        remedy="give one of them another `name`",
    )


def _plural(section: str) -> str:
    return "policies" if section == "policy" else f"{section}s"


def _problem(
    detail: ErrorDetails, *, model: type, where: Whereabouts
) -> tuple[str, str, str | None]:
    """Return `(place, sentence, remedy)` of one problem; never a value, which may be secret."""
    path = _as_written(detail["loc"])
    place = where.place(path)
    key = _written(path)
    if detail["type"] == FOREIGN_KEY:
        valid = detail["ctx"]["valid"]
        return place, f"{key} {detail['msg']}", f"valid keys here: {', '.join(valid)}"
    if detail["type"] in {"unexpected_keyword_argument", UNKNOWN_KEY}:
        valid = detail.get("ctx", {}).get("valid") or _valid_keys(model, path[:-1])
        near = difflib.get_close_matches(str(path[-1]), valid, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return place, f"unknown key {key}{hint}", f"valid keys here: {', '.join(valid)}"
    if detail["type"] == "literal_error":
        return place, *_unknown_value(detail, key)
    if detail["type"] == "missing":
        return place, f"{key} is missing", f"add `{path[-1]} = ...`"
    if (own := _in_our_words(detail, key)) is not None:
        return place, f"{key}: {own}", None
    sentence = _ADDRESS.sub(r"\1***", detail["msg"].removeprefix("Value error, "))
    return place, f"{key}: {sentence[:1].lower()}{sentence[1:]}", None


def _unknown_value(detail: ErrorDetails, key: str) -> tuple[str, str]:
    expected = detail["ctx"]["expected"]
    valid = re.findall(r"'([^']*)'", expected)
    remedy = f"valid values here: {', '.join(valid)}"
    typed = detail["input"]
    # What is more than a word may be a secret in the wrong place.
    if not isinstance(typed, str) or not _WORD.fullmatch(typed):
        return f"{key}: expected is one of {expected}", remedy
    near = difflib.get_close_matches(typed, valid, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"expected is one of {expected}"
    return f"{key}: unknown value {typed!r}; {hint}", remedy


def _as_written(path: tuple[int | str, ...]) -> KeyPath:
    """Return where a problem stands in the file: a tool's options are keys of `[[stack]]`."""
    if path[:1] == ("stack",) and path[2:3] == ("options",):
        return (*path[:2], *path[3:])
    return path


def _in_our_words(detail: ErrorDetails, key: str) -> str | None:
    path, context = detail["loc"], detail.get("ctx") or {}
    match detail["type"]:
        case "tuple_type" if path[-1] in _SECTIONS:
            return f"a list is expected here; a section repeats as [[{key}]]"
        case "tuple_type":
            return 'a list is expected here, such as ["a", "b"]'
        case "string_pattern_mismatch":
            return next((_PATTERNS[part] for part in path if part in _PATTERNS), _NAME)
        case kind if kind in _SHAPES:
            section = re.sub(r"\[\d+\]", "", key)
            return _SHAPES[kind].format(key=key, section=section, **context)
        case _:
            return None


def _written(path: KeyPath) -> str:
    """Return `("stack", 1, "interval")` as `stack[1].interval`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _valid_keys(model: type, path: KeyPath) -> list[str]:
    """Return the keys allowed in the section at `path`."""
    for part in path:
        if not isinstance(part, int):
            model = _sections(model)[part]
    return list(_keys(model).values())


def _keys(model: Any) -> dict[str, str]:
    """Return the key of each field, as a file writes it."""
    written_as = model.written_as if issubclass(model, Section) else {}
    return {field.name: written_as.get(field.name, field.name) for field in fields(model)}


def _sections(model: Any) -> dict[str, type]:
    """Return the class of each field that is a section, or a list of them."""
    hints = get_type_hints(model, include_extras=True)
    classes = {key: _section_of(hints[name]) for name, key in _keys(model).items()}
    return {key: class_ for key, class_ in classes.items() if class_ is not None}


def _section_of(hint: Any) -> type | None:
    if isinstance(hint, Deferred):
        return hint.load()
    if is_dataclass(hint) and isinstance(hint, type):
        return hint
    parts = (*get_args(hint), *getattr(hint, "__metadata__", ()))
    return next((section for part in parts if (section := _section_of(part)) is not None), None)
