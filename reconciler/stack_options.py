"""What a stack may say to its tool: each adapter's own keys of `[[stack]]`, read and refused."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final, Protocol

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

UNKNOWN_KEY: Final = "unknown_key"
FOREIGN_KEY: Final = "foreign_key"
KEPT: Final[Mapping[str, Any]] = {"kept": True}
"""The context of options that were checked before, or come over the API."""


class StackOptions(BaseModel):
    """The options of a tool that has none; each adapter derives its own model from this.

    The model's fields are the keys that `[[stack]]`, the API and `--option` take for the tool.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    def kept(self) -> dict[str, Any]:
        """Return them as the database keeps and the API shows them: JSON values by key."""
        return self.model_dump(mode="json")

    def paths(self) -> Iterator[tuple[str, Path]]:
        """Yield every path with its key; those of a list are `key[0]`, `key[1]`, ..."""
        for key in type(self).model_fields:
            value = getattr(self, key)
            if isinstance(value, Path):
                yield key, value
            elif isinstance(value, list | tuple):
                for number, one in enumerate(value):
                    if isinstance(one, Path):
                        yield f"{key}[{number}]", one

    def instance(self, environment: Mapping[str, str]) -> str:
        """Return which stack of its directory is meant; equal ones are applied one at a time."""
        del environment
        return ""


class StackTools(Protocol):
    """The installed tools, as far as settings and records ask for them."""

    def names(self) -> tuple[str, ...]:
        """Return the name of each, sorted."""
        ...

    def detect(self, directory: Path) -> str:
        """Return the tool whose stack lies in `directory`.

        Raises:
            PermanentError: the directory cannot be listed, or no one tool claims it.
        """
        ...

    def above(self, directory: Path) -> Path | None:
        """Return the nearest folder above `directory` that a tool works on from within it.

        Raises:
            PermanentError: the directory cannot be listed.
        """
        ...

    def options(self, tool: str) -> type[StackOptions]:
        """Return the model of what a stack of `tool` may say.

        Raises:
            PermanentError: it is not installed.
        """
        ...

    def every_options(self) -> Mapping[str, type[StackOptions]]:
        """Return the model of each tool that can be loaded, by its name."""
        ...


def read_options(
    tool: str,
    given: Mapping[str, Any],
    *,
    tools: StackTools,
    context: Mapping[str, Any] = KEPT,
    also_valid: tuple[str, ...] = (),
) -> StackOptions:
    """Return `given` as the options of `tool`.

    A key of another tool that says nothing (null, false, an empty list) is left out: a stack
    may have changed its tool since it was kept. `also_valid` are keys read elsewhere, for the
    hint beside an unknown one.

    Raises:
        ValidationError: a key is unknown (`UNKNOWN_KEY`) or another tool's (`FOREIGN_KEY`), or
            a value is not as it must be.
        PermanentError: the tool is not installed.
    """
    model = tools.options(tool)
    own = {key: value for key, value in given.items() if key in model.model_fields}
    problems = [
        _foreign(key, value, tool=tool, tools=tools, valid=(*also_valid, *model.model_fields))
        for key, value in given.items()
        if key not in own and _says_something(value)
    ]
    try:
        options = model.model_validate(own, context=dict(context))
    except ValidationError as error:
        problems += _problems_of(error)
    else:
        if not problems:
            return options
    raise ValidationError.from_exception_data(model.__name__, problems, hide_input=True)


def tool_of_keys(
    given: Mapping[str, Any], *, tools: StackTools, also_valid: tuple[str, ...] = ()
) -> str:
    """Return a tool that has every key of `given`, for a directory that cannot be seen now.

    Raises:
        ValidationError: there is none.
    """
    models = tools.every_options()
    for tool, model in models.items():
        if set(given) <= set(model.model_fields):
            return tool
    every = sorted({key for model in models.values() for key in model.model_fields})
    valid = (*also_valid, *every)
    problems = [_unknown(key, value, valid) for key, value in given.items() if key not in every]
    keys = ", ".join(f"`{key}`" for key in given)
    together = PydanticCustomError("several_tools", f"no tool has all of {keys}")
    raise ValidationError.from_exception_data(
        "StackOptions",
        problems or [InitErrorDetails(type=together, loc=(next(iter(given)),), input=None)],
        hide_input=True,
    )


def _says_something(value: object) -> bool:
    return value is not None and value is not False and value != []


def _foreign(
    key: str, value: object, *, tool: str, tools: StackTools, valid: tuple[str, ...]
) -> InitErrorDetails:
    owners = [name for name, model in tools.every_options().items() if key in model.model_fields]
    if not owners:
        return _unknown(key, value, valid)
    sentence = f"is a key of {' and '.join(owners)} stacks, and this is a {tool} stack"
    kind = PydanticCustomError(FOREIGN_KEY, sentence, {"valid": list(valid)})
    return InitErrorDetails(type=kind, loc=(key,), input=value)


def _unknown(key: str, value: object, valid: tuple[str, ...]) -> InitErrorDetails:
    kind = PydanticCustomError(UNKNOWN_KEY, "unknown key", {"valid": list(valid)})
    return InitErrorDetails(type=kind, loc=(key,), input=value)


def _problems_of(error: ValidationError) -> list[InitErrorDetails]:
    """Return the problems of `error` as another error can hold them; values stay unsaid."""
    return [
        InitErrorDetails(
            type=PydanticCustomError("option", one["msg"].removeprefix("Value error, ")),
            loc=one["loc"],
            input=None,
        )
        for one in error.errors(include_url=False, include_input=False)
    ]
