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


def same_definition(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both have the stack read in the same way.

    A key that only one of them has counts when it says something: the adapter that wrote one
    may have been of another version, with more or fewer options.
    """
    return all(
        one[key] == other[key]
        if key in one and key in other
        else not (one.get(key) or other.get(key))
        for key in {*one, *other}
    )
