"""Options of a stack that stand in no file: of the command line, the API and the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from reconciler.domain.errors import InvalidError
from reconciler.stack_options import StackOptions, StackTools, read_options


def checked_options(
    tool: str, given: Mapping[str, Any], *, tools: StackTools, place: str
) -> StackOptions:
    """Return `given` as the options of `tool`; `place` says whose they are.

    Raises:
        InvalidError: a key is unknown or another tool's, or a value is not as it must be.
        PermanentError: the tool is not installed.
    """
    try:
        return read_options(tool, given, tools=tools)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, one['loc'])) or 'options'}: {one['msg']}"
            for one in error.errors(include_url=False, include_input=False)
        ]
        valid = ", ".join(tools.options(tool).model_fields) or "none"
        raise InvalidError(
            f"{place}: {'; '.join(problems)}", remedy=f"a {tool} stack has these options: {valid}"
        ) from error
