"""What `scan` takes, for the shell to complete: stacks of trueup.toml, and directories."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def targets(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Return the stacks and directories that begin with `incomplete`; no daemon is asked."""
    del parameter
    from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell needs it

    try:
        found = [item for item in _stacks(context) if item.value.startswith(incomplete)]
        if found:
            names = {item.value for item in found}
            paths = (path for path in _directories(incomplete) if path not in names)
            return [*found, *map(CompletionItem, paths)]
    except Exception:  # noqa: BLE001  a shell that completes must never show an error
        found = []
    # The shell's own completion goes on below a directory, which a list of words does not.
    return [CompletionItem(incomplete, type="dir")]


def _stacks(context: click.Context) -> Iterator[CompletionItem]:
    from click.shell_completion import CompletionItem  # noqa: PLC0415  only a shell needs it

    from reconciler.settings_file import load_settings  # noqa: PLC0415  so do they
    from reconciler.settings_location import find_settings_file  # noqa: PLC0415

    named = context.find_root().params.get("config") or context.params.get("config")
    file = named or find_settings_file(Path.cwd(), os.environ)
    for stack in load_settings(file, os.environ, lost_stacks=True).stacks:
        yield CompletionItem(stack.name, help=str(stack.directory))


def _directories(incomplete: str) -> Iterator[str]:
    folder, begun = os.path.split(incomplete)
    for entry in sorted(os.scandir(folder or "."), key=lambda entry: entry.name):
        hidden = entry.name.startswith(".") and not begun.startswith(".")
        if entry.is_dir() and entry.name.startswith(begun) and not hidden:
            yield os.path.join(folder, entry.name)  # noqa: PTH118 - as it was typed, `./x` too
