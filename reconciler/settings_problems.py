"""What is wrong with a settings file, said with its line and the nearest valid key."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from pydantic import BaseModel

from reconciler.domain.errors import PermanentError
from reconciler.stack_options import FOREIGN_KEY, UNKNOWN_KEY
from reconciler.toml_positions import KeyPath, line_of

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_MOST_SHOWN: Final = 10
_SHAPES: Final = {
    "tuple_type": "a list is expected here; a section repeats as [[{key}]]",
    "model_type": "a section is expected here, written [{key}]",
}
"""What to say instead of pydantic's words, which name Python types."""


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


def describe_problems(
    error: ValidationError, *, model: type[BaseModel], where: Whereabouts
) -> PermanentError:
    """Return one error that lists each problem as `FILE:LINE: KEY: what is wrong`."""
    details = sorted(error.errors(), key=lambda one: where.line(_as_written(one["loc"])))
    problems = [_problem(detail, model=model, where=where) for detail in details]
    shown = [f"{place}: {sentence}" for place, sentence, _ in problems[:_MOST_SHOWN]]
    if len(problems) > _MOST_SHOWN:
        shown.append(f"... and {len(problems) - _MOST_SHOWN} more")
    remedies = [remedy for _, _, remedy in problems if remedy]
    return PermanentError("\n".join(shown), remedy=remedies[0] if remedies else None)


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
    detail: ErrorDetails, *, model: type[BaseModel], where: Whereabouts
) -> tuple[str, str, str | None]:
    """Return `(place, sentence, remedy)` of one problem; never a value, which may be secret."""
    path = _as_written(detail["loc"])
    place = where.place(path)
    key = _written(path)
    if detail["type"] == FOREIGN_KEY:
        valid = detail["ctx"]["valid"]
        return place, f"{key} {detail['msg']}", f"valid keys here: {', '.join(valid)}"
    if detail["type"] in {"extra_forbidden", UNKNOWN_KEY}:
        valid = detail.get("ctx", {}).get("valid") or _valid_keys(model, path[:-1])
        near = difflib.get_close_matches(str(path[-1]), valid, n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        return place, f"unknown key {key}{hint}", f"valid keys here: {', '.join(valid)}"
    if detail["type"] == "missing":
        return place, f"{key} is missing", f"add `{path[-1]} = ...`"
    if detail["type"] in _SHAPES:
        return place, f"{key}: {_SHAPES[detail['type']].format(key=key)}", None
    sentence = detail["msg"].removeprefix("Value error, ")
    return place, f"{key}: {sentence[:1].lower()}{sentence[1:]}", None


def _as_written(path: tuple[int | str, ...]) -> KeyPath:
    """Return where a problem stands in the file: a tool's options are keys of `[[stack]]`."""
    if path[:1] == ("stack",) and path[2:3] == ("options",):
        return (*path[:2], *path[3:])
    return path


def _written(path: KeyPath) -> str:
    """Return `("stack", 1, "interval")` as `stack[1].interval`."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}"
    return text.lstrip(".")


def _valid_keys(model: type[BaseModel], path: KeyPath) -> list[str]:
    """Return the keys allowed in the section at `path`."""
    for part in path:
        if isinstance(part, int):
            continue
        field = next(f for n, f in model.model_fields.items() if (f.alias or n) == part)
        model = _section_of(field.annotation)
    return [f.alias or n for n, f in model.model_fields.items()]


def _section_of(annotation: Any) -> type[BaseModel]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(_section_of(argument) for argument in get_args(annotation))
