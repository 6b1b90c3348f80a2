"""Options of a stack that stand in no file: of the command line, the API and the database."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reconciler.domain.errors import InvalidError
from reconciler.stack_options import StackOptions, StackTools


def checked_options(
    tool: str, given: Mapping[str, Any], *, tools: StackTools, place: str
) -> StackOptions:
    """Return `given` as the options of `tool`; `place` says whose they are.

    Raises:
        InvalidError: a key is unknown or another tool's, or a value is not as it must be.
        PermanentError: the tool is not installed.
    """
    if not given:
        return tools.options(tool)()
    # It loads pydantic, and most scans say nothing to their tool.
    from pydantic import ValidationError  # noqa: PLC0415

    from reconciler.option_reading import read_options  # noqa: PLC0415

    try:
        return read_options(tool, given, tools=tools)
    except ValidationError as error:
        problems = [
            f"{'.'.join(map(str, problem['loc'])) or 'options'}: {problem['msg']}"
            for problem in error.errors(include_url=False, include_input=False)
        ]
        valid = ", ".join(tools.options(tool).option_keys()) or "none"
        raise InvalidError(
            f"{place}: {'; '.join(problems)}", remedy=f"a {tool} stack has these options: {valid}"
        ) from error
