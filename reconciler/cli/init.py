"""`trueup init`: find stacks, write `trueup.toml` or add to it."""

from __future__ import annotations

import itertools
import json
import os
import shlex
import shutil
import tomllib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import click

from reconciler.cli.examples import examples
from reconciler.discovery import FoundStack, discover_stacks
from reconciler.domain.errors import PermanentError
from reconciler.ports import LeftOut
from reconciler.registry import InstalledTools

_HEAD = """\
# The stacks that trueup scans. docs/configuration.md explains every key; unknown keys are errors.

# [daemon]
# listen = "127.0.0.1:8427"
# database = "sqlite"
"""
_MOST_LEFT_OUT = 10
_TAIL = """
# [[policy]]
# name = "review tags"            # docs/policies.md has more
# match = {type = "aws_sqs_queue", path = "tags.*", max_severity = "low"}
# drift_threshold = "low"          # acts from this severity on
# action_type = "manual_review"    # or auto_correct, quarantine

# [[channel]]
# name = "ops"
# url = "slack://..."              # email, Slack, PagerDuty, a webhook
# events = ["drift.detected", "remediation.failed"]
"""


@click.command(epilog=examples("trueup init", "trueup init infra --add"))
@click.argument(
    "directory",
    default=".",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
)
@click.option("--add", is_flag=True, help="Add new stacks to trueup.toml; keep what it says.")
@click.option(
    "--force", is_flag=True, help="Replace trueup.toml; the old one is kept as trueup.toml.bak."
)
def init(directory: Path, *, add: bool, force: bool) -> None:
    """Find Terraform root modules and Pulumi projects below DIRECTORY and write trueup.toml.

    Stacks of other tools are found as well where an adapter for them is installed.
    """
    target = directory / "trueup.toml"
    there = os.path.lexists(target)
    if there and not (add or force):
        raise PermanentError(
            f"{target} exists already",
            remedy=f"add stacks that it does not list: {_add_command(directory)}",
        )
    tools = InstalledTools()
    discovery = discover_stacks(directory, tools)
    stacks = discovery.stacks
    _tell_left_out(discovery.left_out, base=directory.resolve())
    if not stacks:
        raise PermanentError(
            tools.nothing_in(directory),
            remedy="give the directory that contains your code, such as *.tf files or Pulumi.yaml",
        )
    if there and add:
        _add(target, stacks, base=directory.resolve())
        return
    if there:
        click.echo(f"kept the old settings as {_keep(target)}", err=True)
    _write(target, render_settings(stacks, base=directory.resolve()))
    _tell("wrote", target, stacks, base=directory.resolve())


def _add_command(directory: Path) -> str:
    named = "" if directory == Path() else f"{shlex.quote(str(directory))} "
    return f"trueup init {named}--add"


def _add(target: Path, stacks: Sequence[FoundStack], *, base: Path) -> None:
    """Append the stacks whose directory `target` does not list; nothing else of it changes."""
    from reconciler.settings_file import load_settings  # noqa: PLC0415  it takes as long as the rest

    listed = load_settings(target, {}, lost_stacks=True).stacks
    directories = {os.path.realpath(stack.directory) for stack in listed}
    new = [stack for stack in stacks if os.path.realpath(stack.directory) not in directories]
    if not new:
        click.echo(f"{target} lists every stack that was found; nothing was changed", err=True)
        return
    fresh = _named_anew(new, taken={stack.name for stack in listed}, base=base)
    sections = "\n".join(_section(stack, base) for stack in fresh)
    text = f"{target.read_text(encoding='utf-8').rstrip()}\n\n{sections}"
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise PermanentError(
            f"{target}: no [[stack]] can be added to how its stacks are written",
            remedy=f"add these yourself:\n{sections}",
        ) from error
    # Through a link, which the file may be.
    _write(Path(os.path.realpath(target)), text)
    _tell("updated", target, fresh, base=base)
    click.echo("a daemon that runs takes it in with: trueup reload", err=True)


def _named_anew(stacks: Sequence[FoundStack], *, taken: set[str], base: Path) -> list[FoundStack]:
    """Return `stacks` under names that no other has: by their path, then by a number."""
    used = set(taken)
    named: list[FoundStack] = []
    for stack in stacks:
        path = "-".join(stack.directory.relative_to(base).parts) or stack.name
        numbered = (f"{path}-{number}" for number in itertools.count(2))
        names = itertools.chain((stack.name, path), numbered)
        name = next(candidate for candidate in names if candidate not in used)
        used.add(name)
        named.append(replace(stack, name=name))
    return named


def _tell(verb: str, target: Path, stacks: Sequence[FoundStack], *, base: Path) -> None:
    for stack in stacks:
        where = os.path.relpath(stack.directory, base)
        click.echo(f"  {stack.name:<24} {stack.tool:<10} {where}", err=True)
    noun = "stack" if len(stacks) == 1 else "stacks"
    click.echo(
        f"{verb} {target} with {len(stacks)} {noun}; next: trueup doctor, trueup scan", err=True
    )


def _tell_left_out(left_out: Sequence[LeftOut], *, base: Path) -> None:
    """Name the files that no stack is proposed for, and once what to do about those alike."""
    files: dict[tuple[str, str], list[Path]] = {}
    for entry in left_out:
        files.setdefault((entry.why, entry.remedy), []).append(entry.file)
    for (why, remedy), named in files.items():
        for file in named[:_MOST_LEFT_OUT]:
            click.echo(f"left out {os.path.relpath(file, base)}: {why}", err=True)
        if len(named) > _MOST_LEFT_OUT:
            click.echo(f"left out {len(named) - _MOST_LEFT_OUT} more of these", err=True)
        click.echo(f"  {remedy}", err=True)


def _keep(target: Path) -> Path:
    """Keep a copy of `target` beside it, under a name that nothing has; return it.

    Raises:
        PermanentError: no copy can be made.
    """
    numbers = ("", *(f".{number}" for number in range(1, 1000)))
    names = (target.with_name(f"{target.name}.bak{number}") for number in numbers)
    copy = next(name for name in names if not os.path.lexists(name))
    try:
        shutil.copy2(target, copy, follow_symlinks=True)
    except OSError as error:
        raise PermanentError(
            f"{target}: no copy could be made ({error.strerror or error})",
            remedy="move it away yourself, then run `trueup init`",
        ) from error
    return copy


def render_settings(stacks: Sequence[FoundStack], *, base: Path) -> str:
    """Return the text of a `trueup.toml` in `base` for `stacks`."""
    return "\n".join([_HEAD, *(_section(stack, base) for stack in stacks)]) + _TAIL


def _section(stack: FoundStack, base: Path) -> str:
    directory = os.path.relpath(stack.directory, base)
    lines = [
        "[[stack]]",
        f"name = {_quoted(stack.name)}",
        f"directory = {_quoted(directory)}",
        'interval = "15m"  # any duration from 10 s; adaptive = true scans sooner after drift',
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
