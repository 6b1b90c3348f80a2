"""`trueup init`: find stacks, write `trueup.toml`."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import click

from reconciler.discovery import FoundStack, discover_stacks
from reconciler.domain.errors import PermanentError
from reconciler.registry import InstalledTools

_HEAD = """\
# What trueup watches. docs/configuration.md explains every key; unknown keys are errors.

# [daemon]
# listen = "127.0.0.1:8427"
# database = "sqlite"
"""
_TAIL = """
# [[policy]]
# name = "review tags"
# match = {type = "aws_sqs_queue", path = "tags.*", max_severity = "low"}
# drift_threshold = "low"          # acts from this severity on
# action_type = "manual_review"    # or auto_correct, quarantine

# [[channel]]
# name = "ops"
# url = "slack://..."              # email, Slack, PagerDuty, a webhook
# events = ["drift.detected", "remediation.failed"]
"""


@click.command()
@click.argument(
    "directory",
    default=".",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option("--force", is_flag=True, help="Replace a trueup.toml that is already there.")
def init(directory: Path, *, force: bool) -> None:
    """Find Terraform root modules and Pulumi projects below DIRECTORY and write trueup.toml.

    Stacks of other tools are found as well where an adapter for them is installed.
    """
    target = directory / "trueup.toml"
    if os.path.lexists(target) and not force:
        raise PermanentError(
            f"{target}: is already there",
            remedy="edit it, or replace it with `trueup init --force`",
        )
    tools = InstalledTools()
    stacks = discover_stacks(directory, tools)
    if not stacks:
        raise PermanentError(
            f"{directory}: no stack here or below: {tools.looked_for()}",
            remedy="name the directory that holds your code, such as *.tf files or Pulumi.yaml",
        )
    _write(target, render_settings(stacks, base=directory.resolve()))
    for stack in stacks:
        where = os.path.relpath(stack.directory, directory.resolve())
        click.echo(f"  {stack.name:<24} {stack.tool:<10} {where}", err=True)
    noun = "stack" if len(stacks) == 1 else "stacks"
    click.echo(
        f"wrote {target} with {len(stacks)} {noun}; next: trueup doctor, trueup scan", err=True
    )


def render_settings(stacks: Sequence[FoundStack], *, base: Path) -> str:
    """Return the text of a `trueup.toml` in `base` for `stacks`."""
    return "\n".join([_HEAD, *(_section(stack, base) for stack in stacks)]) + _TAIL


def _section(stack: FoundStack, base: Path) -> str:
    directory = os.path.relpath(stack.directory, base)
    lines = [
        "[[stack]]",
        f"name = {_quoted(stack.name)}",
        f"directory = {_quoted(directory)}",
        'interval = "15m"  # any duration from 10 s; adaptive = true looks sooner after drift',
    ]
    lines += stack.lines
    lines.append(
        f"# env_file = {_quoted(stack.name + '.env')}  # credentials, KEY=VALUE, never stored"
    )
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    # Every JSON string is a TOML basic string, but for DEL, which TOML wants escaped.
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(target: Path, text: str) -> None:
    """Leave `target` whole or as it was.

    Raises:
        PermanentError: it cannot be written.
    """
    partial = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        partial.write_text(text, encoding="utf-8")
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        raise PermanentError(
            f"{target}: {error.strerror or error}", remedy="make the directory writable for you"
        ) from error
