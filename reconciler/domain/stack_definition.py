"""How a stack is read, as it is kept and shown: one JSON object.

The keys that every stack has stand beside the options of its tool, which only the tool's
adapter understands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

COMMON: Final = ("directory", "tool", "engine", "env_file")


def definition_of(
    *,
    directory: str,
    tool: str | None,
    engine: str,
    env_file: str | None,
    options: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the definition of a stack; `tool` only where a person named it."""
    named = {} if tool is None else {"tool": tool}
    return {**options, "directory": directory, **named, "engine": engine, "env_file": env_file}


def options_in(definition: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a definition says to the stack's tool."""
    return {key: value for key, value in definition.items() if key not in COMMON}


def same_definition(left: Mapping[str, Any], right: Mapping[str, Any]) -> bool:
    """Whether both have the stack read in the same way.

    A key that only one of them has counts when it says something: the adapter that wrote one
    may have been of another version, with more or fewer options.
    """
    return all(
        left[key] == right[key]
        if key in left and key in right
        else not (left.get(key) or right.get(key))
        for key in {*left, *right}
    )
