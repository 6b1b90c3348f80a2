"""`--watch`: an answer that is drawn anew whenever the daemon says that something happened."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import click

from reconciler.cli.client.follow import follow
from reconciler.cli.invocation import Invocation

watch_option = click.option(
    "-w", "--watch", is_flag=True, help="Stay, and show each change as it happens."
)
_HOME, _END_OF_LINE, _REST = "\x1b[H", "\x1b[K", "\x1b[J"
_CLEAR: Final = "\x1b[2J"


def watch(
    invocation: Invocation,
    read: Callable[[], Any],
    lines: Callable[[Any], Iterable[str]],
    *,
    types: Iterable[str],
) -> None:
    """Show what `read` returns now and after each event of `types`, until Ctrl-C.

    On a terminal the screen is drawn over; elsewhere one answer follows the other.
    """
    drawn = not invocation.as_data and sys.stdout.isatty()
    if drawn:
        click.echo(_CLEAR, nl=False)

    def look() -> bool:
        body = read()
        if drawn:
            _draw(list(lines(body)), colour=invocation.paint.colour)
        else:
            invocation.answer(body, (*lines(body), ""))
        sys.stdout.flush()
        return False

    follow(
        invocation.api,
        look,
        types=types,
        lost=lambda error: invocation.narrate(f"{error}; waiting"),
    )


def _draw(lines: Sequence[str], *, colour: bool) -> None:
    """Write over what is there; what does not fit the screen is left out."""
    room = shutil.get_terminal_size((80, 24)).lines - 1
    text = "".join(f"{line}{_END_OF_LINE}\n" for line in lines[:room])
    click.echo(f"{_HOME}{text}{_REST}", nl=False, color=colour or None)
