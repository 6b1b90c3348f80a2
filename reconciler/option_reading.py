"""Options of a stack that somebody wrote: read as its tool's, and refused key by key.

It loads pydantic, so it is imported where there is something to read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from reconciler.section_reading import validated
from reconciler.stack_options import FOREIGN_KEY, KEPT, UNKNOWN_KEY, StackOptions, StackTools


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
    own = {key: value for key, value in given.items() if key in model.option_keys()}
    problems = [
        _foreign(key, value, tool=tool, tools=tools, valid=(*also_valid, *model.option_keys()))
        for key, value in given.items()
        if key not in own and _says_something(value)
    ]
    try:
        options = validated(model, own, context=context)
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
        if set(given) <= set(model.option_keys()):
            return tool
    every = sorted({key for model in models.values() for key in model.option_keys()})
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
    owners = [name for name, model in tools.every_options().items() if key in model.option_keys()]
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
            type=PydanticCustomError("option", problem["msg"].removeprefix("Value error, ")),
            loc=problem["loc"],
            input=None,
        )
        for problem in error.errors(include_url=False, include_input=False)
    ]
