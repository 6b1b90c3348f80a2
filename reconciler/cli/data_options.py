"""`--json` and `-o` of the commands that ask no daemon."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, TypeVar

import click

R = TypeVar("R")


def data_options(function: Callable[..., R]) -> Callable[..., R]:
    """Give a command `output`: `json`, `yaml`, `wide` or None."""

    @click.option(
        "-o",
        "--output",
        type=click.Choice(["json", "yaml", "wide"]),
        help="json, yaml: data for programs. wide: lines longer than the terminal.",
    )
    @click.option("--json", "as_json", is_flag=True, help="The same as -o json.")
    @functools.wraps(function)
    def taking(*, as_json: bool, output: str | None, **more: Any) -> R:
        return function(output="json" if as_json else output, **more)

    return taking
