"""Data for programs: how it is written, and the options of commands that ask no daemon."""

from __future__ import annotations

import functools
import json
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


def write_data(body: Any, output: str) -> None:
    """Write `body` to stdout for programs: one line of JSON, or a YAML document."""
    if output == "json":
        click.echo(json.dumps(body))
        return
    import yaml  # noqa: PLC0415  nothing else of a client needs it

    click.echo(yaml.safe_dump(body, sort_keys=False, explicit_start=True), nl=False)
