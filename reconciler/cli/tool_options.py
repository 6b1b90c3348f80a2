"""Options of the command line that are said to a stack's tool: the well-known, and any other.

`--option KEY=VALUE` reaches the options of tools that trueup does not ship an adapter for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import click

_KEYS: Final = (
    "pulumi_stack", "workspace", "dynamic_providers", "var_files", "working_directory", "run_code",
    "children",
)  # fmt: skip
"""The options that commands have by name; each is called as its key of `[[stack]]`."""


def _pairs(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> dict[str, Any]:
    del context, parameter
    read = {}
    for option in given:
        key, equals, text = option.partition("=")
        if not equals or not key.isidentifier():
            raise click.BadParameter(f"{option!r} is not KEY=VALUE")
        read[key] = _value(text)
    return read


def _value(text: str) -> Any:
    """Return `text` as JSON, such as `true` or `["a"]`, and as itself where it is none."""
    try:
        return json.loads(text)
    except ValueError:
        return text


any_option = click.option(
    "--option",
    "more",
    multiple=True,
    callback=_pairs,
    metavar="KEY=VALUE",
    help="Any other option of the stack's tool; repeatable.",
)


def said_to_tool(flags: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given of the options by key; paths absolute, as another process finds them.

    `flags` are click's parameters, those of `any_option` under `more`.
    """
    said: dict[str, Any] = dict(flags.get("more") or {})
    for key in _KEYS:
        value = flags.get(key)
        if value is not None and value != ():
            said[key] = _placed(value)
    return said


def _placed(value: Any) -> Any:
    if isinstance(value, Path):
        return str(value.resolve())
    if isinstance(value, tuple):
        return [_placed(item) for item in value]
    return value
